import { errorMessage } from "../base/error-message.ts";
import type { CommandDefinition } from "./command.ts";
import type { Flag } from "./flag.ts";
import { environmentName } from "./flag.ts";

const switchWords: Readonly<Record<string, boolean>> = {
  "1": true,
  true: true,
  yes: true,
  on: true,
  "0": false,
  false: false,
  no: false,
  off: false,
};

/**
 * The flags of a command that the environment sets, by key. An empty variable counts as absent. Throws `Error` with the
 * variable's name when its value cannot be one.
 */
export function flagsFromEnvironment(
  { name, flags }: Pick<CommandDefinition, "name" | "flags">,
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, flag] of Object.entries(flags)) {
    const variable = environmentName(name, key, flag);
    const text = env[variable];
    if (!text) continue;
    try {
      values.set(key, valueOf(flag, text));
    } catch (error) {
      throw new Error(`${variable}=${text}: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  }
  return values;
}

function valueOf(flag: Flag<unknown>, text: string): unknown {
  if (flag.placeholder !== undefined) return flag.parse ? flag.parse(text, flag.default) : text;
  const isOn = switchWords[text.toLowerCase()];
  if (isOn === undefined) throw new Error("expected true or false");
  return flag.isNegated ? !isOn : isOn;
}
