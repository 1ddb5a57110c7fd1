import type { LogLevel } from "../../src/base/log.ts";
import { nearest } from "../../src/base/edit-distance.ts";
import type { NodeOverrides } from "./node.ts";

/** What the command line of a proxy says, in Envoy's own flags (`envoy --help`, 1.40). */
export interface EnvoyFlags {
  readonly mode: "serve" | "validate" | "init_only";
  readonly configPath?: string;
  readonly configYaml?: string;
  readonly node: NodeOverrides;
  readonly logLevel: LogLevel;
  /** Logs go to this file instead of the standard error. */
  readonly logPath?: string;
  readonly concurrency?: number;
  /** How long connections of a stopping proxy or a removed listener may go on. Envoy's default: 600 s. */
  readonly drainTimeMs: number;
  /** How soon connections are asked to end in a drain. Envoy's default: gradual. */
  readonly drainStrategy: "gradual" | "immediate";
  /** The address of the admin endpoint is written here once it is bound. */
  readonly adminAddressPath?: string;
  readonly allowsUnknownStaticFields: boolean;
  readonly rejectsUnknownDynamicFields: boolean;
  /** Modules with filters of the user's own; not a flag of Envoy, like the next two. */
  readonly extensions: readonly string[];
  readonly descriptorSets: readonly string[];
  readonly protoPaths: readonly string[];
  /** Flags that were given and do nothing here. */
  readonly unused: readonly string[];
}

/** The command line, read, or what is wrong with it. */
export type ParsedFlags =
  | { readonly kind: "run"; readonly flags: EnvoyFlags }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "wrong"; readonly message: string };

/** Flags with a value that mean something here. */
const valueFlags = [
  "config-path",
  "config-yaml",
  "mode",
  "log-level",
  "log-path",
  "service-node",
  "service-cluster",
  "service-zone",
  "concurrency",
  "drain-time-s",
  "drain-strategy",
  "admin-address-path",
] as const;

/** Flags with a value that may be given again, and Envoy does not have. */
const listFlags = ["extension", "descriptors", "proto-path"] as const;

/** Switches that mean something here. */
const switches = [
  "allow-unknown-static-fields",
  "allow-unknown-fields",
  "reject-unknown-dynamic-fields",
  "ignore-unknown-dynamic-fields",
  "help",
  "version",
] as const;

/** Flags of Envoy with a value that have nothing to act on here: hot restart, its own log format, sinks. */
const unusedValueFlags: readonly string[] = [
  "base-id",
  "base-id-path",
  "component-log-level",
  "disable-extensions",
  "file-flush-interval-msec",
  "file-flush-min-size-kb",
  "local-address-ip-version",
  "log-format",
  "parent-shutdown-time-s",
  "restart-epoch",
  "socket-mode",
  "socket-path",
  "stats-tag",
];

/** The same without a value. */
const unusedSwitches: readonly string[] = [
  "cpuset-threads",
  "disable-hot-restart",
  "enable-core-dump",
  "enable-fine-grain-logging",
  "enable-mutex-tracing",
  "hot-restart-version",
  "log-format-escaped",
  "log-stacktrace-single-entry",
  "skip-deprecated-logs",
  "skip-hot-restart-on-no-parent",
  "skip-hot-restart-parent-stats",
  "use-dynamic-base-id",
];

const shortFlags: Readonly<Record<string, string>> = { c: "config-path", l: "log-level", h: "help" };

/** Envoy's level names as ours: what is finer than debug is debug, what is worse than an error is an error. */
const logLevels: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  warn: "warn",
  error: "error",
  critical: "error",
  off: "off",
};

const defaultDrainTimeSeconds = 600;

/**
 * Reads a command line written for Envoy: `--flag value`, `--flag=value`, `-c FILE`, `-cFILE`. Everything after `--` is ignored, as
 * there. What stands twice is wrong, as there, but for `--stats-tag`.
 */
export function parseEnvoyFlags(args: readonly string[]): ParsedFlags {
  const read = readFlags(args);
  if (read.kind === "wrong") return read;
  const { values, lists, unused } = read;
  if (values.has("help")) return { kind: "help" };
  if (values.has("version")) return { kind: "version" };
  const mode = values.get("mode") ?? "serve";
  if (mode !== "serve" && mode !== "validate" && mode !== "init_only") {
    return wrong(`unknown mode '${mode}': expected serve, validate or init_only`);
  }
  const level = values.get("log-level") ?? "info";
  const logLevel = logLevels[level];
  if (!logLevel) return wrong(`unknown log level '${level}': expected ${Object.keys(logLevels).join(", ")}`);
  const drainStrategy = values.get("drain-strategy") ?? "gradual";
  if (drainStrategy !== "gradual" && drainStrategy !== "immediate") {
    return wrong(`unknown drain strategy '${drainStrategy}': expected gradual or immediate`);
  }
  const concurrency = wholeNumber(values, "concurrency");
  const drainTime = wholeNumber(values, "drain-time-s");
  if (typeof concurrency === "string" || typeof drainTime === "string") {
    return wrong(typeof concurrency === "string" ? concurrency : String(drainTime));
  }
  return {
    kind: "run",
    flags: {
      mode,
      ...text(values, "config-path", "configPath"),
      ...text(values, "config-yaml", "configYaml"),
      ...text(values, "log-path", "logPath"),
      ...text(values, "admin-address-path", "adminAddressPath"),
      node: {
        ...text(values, "service-node", "id"),
        ...text(values, "service-cluster", "cluster"),
        ...text(values, "service-zone", "zone"),
      },
      logLevel,
      ...(concurrency === undefined ? {} : { concurrency }),
      drainStrategy,
      drainTimeMs: (drainTime ?? defaultDrainTimeSeconds) * 1000,
      allowsUnknownStaticFields:
        values.has("allow-unknown-static-fields") || values.has("allow-unknown-fields"),
      extensions: lists.extension,
      descriptorSets: lists.descriptors,
      protoPaths: lists["proto-path"],
      rejectsUnknownDynamicFields: values.has("reject-unknown-dynamic-fields"),
      unused,
    },
  };
}

type Values = ReadonlyMap<string, string>;

type ListFlag = (typeof listFlags)[number];

function wrong(message: string): { readonly kind: "wrong"; readonly message: string } {
  return { kind: "wrong", message };
}

function text<Key extends string>(values: Values, flag: string, key: Key): Partial<Record<Key, string>> {
  const value = values.get(flag);
  const found: Partial<Record<Key, string>> = {};
  if (value !== undefined) found[key] = value;
  return found;
}

function wholeNumber(values: Values, flag: string): number | string | undefined {
  const value = values.get(flag);
  if (value === undefined) return undefined;
  const isNumber = /^\d{1,10}$/.test(value) && Number(value) <= 0xffff_ffff;
  return isNumber ? Number(value) : `--${flag}: expected a whole number, found '${value}'`;
}

type Read =
  | {
      readonly kind: "flags";
      readonly values: Values;
      readonly lists: Readonly<Record<ListFlag, readonly string[]>>;
      readonly unused: readonly string[];
    }
  | { readonly kind: "wrong"; readonly message: string };

function readFlags(args: readonly string[]): Read {
  const values = new Map<string, string>();
  const lists: Record<ListFlag, string[]> = { extension: [], descriptors: [], "proto-path": [] };
  const unused: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined && arg !== "--"; arg = rest.shift()) {
    const flag = splitFlag(arg);
    if (!flag)
      return wrong(`unexpected argument '${arg}': a proxy takes flags only, its file is given with -c`);
    const { name } = flag;
    const isSwitch = includes(switches, name) || unusedSwitches.includes(name);
    const list = listFlags.find((known) => known === name);
    if (!isSwitch && !list && !includes(valueFlags, name) && !unusedValueFlags.includes(name))
      return unknown(arg, name);
    if (isSwitch && flag.value !== undefined) return wrong(`--${name} takes no value`);
    const value = isSwitch ? "" : (flag.value ?? rest.shift());
    if (value === undefined) return wrong(`--${name} needs a value`);
    if (list) lists[list].push(value);
    else if (unusedSwitches.includes(name) || unusedValueFlags.includes(name)) unused.push(`--${name}`);
    else if (values.has(name)) return wrong(`--${name} is given twice`);
    else values.set(name, value);
  }
  return { kind: "flags", values, lists, unused: [...new Set(unused)] };
}

function splitFlag(arg: string): { readonly name: string; readonly value?: string } | undefined {
  const long = /^--([^=]+)(?:=([\s\S]*))?$/.exec(arg);
  if (long) return { name: long[1]!, ...(long[2] === undefined ? {} : { value: long[2] }) };
  const short = /^-([a-zA-Z])([\s\S]*)$/.exec(arg);
  if (!short) return undefined;
  const name = shortFlags[short[1]!] ?? short[1]!;
  return { name, ...(short[2] === "" ? {} : { value: short[2]! }) };
}

function unknown(arg: string, name: string): Read {
  const known = [...valueFlags, ...listFlags, ...switches, ...unusedValueFlags, ...unusedSwitches];
  const suggestion = nearest(name, known);
  return wrong(`unknown flag '${arg}'${suggestion ? `; did you mean --${suggestion}?` : ""}`);
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
