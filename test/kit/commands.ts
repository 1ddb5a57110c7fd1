import { allCommands } from "../../src/cli/commands.ts";

/** The commands of `chancery`, with a data plane that does nothing. */
export const { commands, foreign } = allCommands(async () => 0);
