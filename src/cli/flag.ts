/**
 * One flag of a command. The key it stands under gives its long name (`xdsAddress` is `--xds-address`) and its
 * environment twin (`CHANCERY_XDS_ADDRESS`), which holds for every command with that flag; the command line wins over it.
 */
export interface Flag<Value> {
  readonly description: string;
  /** One letter without the dash. */
  readonly short?: string;
  /** Name of the value in help (`ADDRESS`). Absent: a switch, true when given. */
  readonly placeholder?: string;
  /** Given as `--no-<name>`; its value is true without it. Only for switches. */
  readonly isNegated?: boolean;
  /** The only values taken; shown in help and completion. */
  readonly choices?: readonly string[];
  /** The environment twin carries the name of the command (`CHANCERY_PROBE_VERSION`): elsewhere the word means something else. */
  readonly hasOwnVariable?: boolean;
  /** The default as it stands in help. */
  readonly defaultText?: string;
  /** The value when the flag is absent from the command line and the environment. */
  readonly default: Value;
  /** Turns the text into the value; `previous` is what an earlier occurrence gave. Throws `Error` with what was expected. */
  parse?(text: string, previous: Value): Value;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of a command's flags by their keys. */
export type FlagValues<Set extends Flags> = {
  readonly [Name in keyof Set]: Set[Name] extends Flag<infer Value> ? Value : never;
};

interface Common {
  readonly short?: string;
}

/** A flag without a value. */
export function switchFlag(description: string, more: Common = {}): Flag<boolean> {
  return { description, default: false, ...more };
}

/** `--no-<name>`: a switch that is on unless this is given. */
export function negatedFlag(description: string): Flag<boolean> {
  return { description, default: true, isNegated: true };
}

/** A flag with any text as its value. */
export function textFlag(
  placeholder: string,
  description: string,
  fallback: string,
  more: Common = {},
): Flag<string> {
  return { description, placeholder, default: fallback, defaultText: fallback, ...more };
}

/** A flag with any text as its value and no default. */
export function optionalTextFlag(
  placeholder: string,
  description: string,
  more: Common & { readonly defaultText?: string } = {},
): Flag<string | undefined> {
  return { description, placeholder, default: undefined, ...more };
}

/** A flag that may be given several times; the environment twin separates values by commas. */
export function listFlag(placeholder: string, description: string): Flag<readonly string[]> {
  return {
    description,
    placeholder,
    default: [],
    parse: (text, previous) => [...previous, ...text.split(",").filter((part) => part !== "")],
  };
}

/** A flag with one of a few values. */
export function choiceFlag<const Choice extends string>(
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
  description: string,
  more: Common & { readonly placeholder?: string } = {},
): Flag<Choice> {
  return {
    description,
    placeholder: "WORD",
    default: fallback,
    defaultText: fallback,
    choices,
    ...more,
    parse: (text) => {
      const chosen = choices.find((choice) => choice === text);
      if (chosen === undefined) throw new Error(`expected ${listed(choices)}`);
      return chosen;
    },
  };
}

/** The same flag with an environment twin for its command alone. */
export function ownFlag<Value>(flag: Flag<Value>): Flag<Value> {
  return { ...flag, hasOwnVariable: true };
}

/** `a, b or c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** `xdsAddress` as `xds-address`. */
export function longName(key: string, flag: Flag<unknown>): string {
  const kebab = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return flag.isNegated ? `no-${kebab}` : kebab;
}

/** `xdsAddress` as `CHANCERY_XDS_ADDRESS`, or `version` of `probe` as `CHANCERY_PROBE_VERSION`. */
export function environmentName(command: string, key: string, flag: Flag<unknown>): string {
  const name = longName(key, flag);
  return `CHANCERY_${flag.hasOwnVariable ? `${command}-${name}` : name}`.replaceAll("-", "_").toUpperCase();
}
