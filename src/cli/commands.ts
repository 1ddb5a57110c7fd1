import type { CommandDefinition, ForeignCommand } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { convertCommand } from "./convert.ts";
import { demoCommand } from "./demo.ts";
import type { RunProxy } from "./demo/hop.ts";
import { reconcileCommand } from "./reconcile.ts";
import { serveCommand } from "./serve.ts";
import { statusCommand } from "./status.ts";
import { validateCommand } from "./validate.ts";
import { versionCommand } from "./version.ts";
import { xdsCommand } from "./xds.ts";

/** Everything that `chancery` can do, in the order of help. */
export interface AllCommands {
  readonly commands: readonly CommandDefinition[];
  readonly foreign: readonly ForeignCommand[];
}

/** The commands; `runProxy` is the data plane, passed in since `src` may not import it. */
export function allCommands(runProxy: RunProxy): AllCommands {
  const foreign: readonly ForeignCommand[] = [
    { name: "proxy", summary: "run the bundled data plane from an Envoy bootstrap", run: runProxy },
  ];
  const commands: readonly CommandDefinition[] = [
    serveCommand,
    validateCommand,
    convertCommand,
    statusCommand,
    reconcileCommand,
    xdsCommand,
    demoCommand(runProxy),
    completionCommand(() => [...commands, ...foreign]),
    versionCommand,
  ];
  return { commands, foreign };
}
