import type { CommandDefinition } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { convertCommand } from "./convert.ts";
import { reconcileCommand } from "./reconcile.ts";
import { serveCommand } from "./serve.ts";
import { statusCommand } from "./status.ts";
import { validateCommand } from "./validate.ts";
import { versionCommand } from "./version.ts";

/** The commands of the control plane, in the order of help. */
export const commands: readonly CommandDefinition[] = [
  serveCommand,
  validateCommand,
  convertCommand,
  statusCommand,
  reconcileCommand,
  completionCommand(() => commands),
  versionCommand,
];
