import type { CommandDefinition } from "./command.ts";
import { versionCommand } from "./version.ts";

/** The commands of the control plane, in the order of help. */
export const commands: readonly CommandDefinition[] = [versionCommand];
