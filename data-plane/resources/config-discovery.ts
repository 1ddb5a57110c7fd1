import type { MessageTypes } from "../../src/schema/api.ts";
import { TYPED_EXTENSION_CONFIG, typeNameOf } from "../../src/schema/type-urls.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { InstalledExtensions, Installer, ParseContext, RunContext } from "./extension.ts";
import { findExtension } from "./extension.ts";
import { asType } from "./message-type.ts";
import { OwnedSubscriptions } from "./owned-subscriptions.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import type { AnyValue, NamedConfig } from "./typed-config.ts";
import { parseTypedConfig } from "./typed-config.ts";

type ExtensionConfigSource = MessageTypes["envoy.config.core.v3.ExtensionConfigSource"];

/** A filter of any kind as its chain has it: configured in place, or to be asked for over ECDS. */
export interface FilterConfig extends NamedConfig {
  readonly config_discovery?: ExtensionConfigSource | null;
}

/** Where a filter stands in its chain. */
export interface Slot<Installed> {
  /** What new requests and connections are to use; undefined while ECDS has nothing for it. */
  readonly current: Installed | undefined;
}

/** What the kinds of filters that ECDS may bring have of their own: the scope of statistics, and words and rules of Envoy. */
const kinds = {
  httpFilters: { scope: "http_filter", what: "filter", factory: "factory", needsDefault: true },
  // Envoy does not look at these two for network filters.
  networkFilters: { scope: "network_filter", what: "filter", factory: "factory", needsDefault: false },
  listenerFilters: {
    scope: "tcp_listener_filter",
    what: "listener filter",
    factory: "listener factory",
    needsDefault: true,
  },
} as const;

type FilterKind = keyof typeof kinds;

/** What a chain asks of its filters beside that they can be read. */
export interface SlotRules<Installed> {
  /** Why a filter of this type cannot stand here, or undefined. Asked of those that ECDS brings, and of defaults. */
  readonly refusalOf?: (typeName: string) => string | undefined;
  /** Puts something around each filter. */
  readonly adapt?: (install: Installer<Installed>) => Installer<Installed>;
}

export const configDiscoverySupport: SupportTable = {
  config_source: true,
  default_config: true,
  apply_default_config_without_warming: true,
  type_urls: true,
};

/** A filter of a chain: `typed_config`, or `config_discovery` (XC-48). The refusals have Envoy's texts. */
export function parseSlot<Kind extends FilterKind>(
  kind: Kind,
  filter: FilterConfig,
  context: ParseContext,
  path: string,
  rules: SlotRules<InstalledExtensions[Kind]> = {},
): Parsed<Installer<Slot<InstalledExtensions[Kind]>>> {
  const { adapt = same } = rules;
  if (filter.config_discovery) {
    return parseDiscovery(kind, filter.name ?? "", filter.config_discovery, context, path, rules);
  }
  const { value, problems } = parseTypedConfig(kind, filter, context, path);
  if (!value) return { problems };
  const install = adapt(value);
  return parsed((run, scope) => ({ current: install(run, scope) }), problems);
}

function same<Value>(value: Value): Value {
  return value;
}

function parseDiscovery<Kind extends FilterKind>(
  kind: Kind,
  name: string,
  discovery: ExtensionConfigSource,
  context: ParseContext,
  path: string,
  { refusalOf, adapt = same }: SlotRules<InstalledExtensions[Kind]>,
): Parsed<Installer<Slot<InstalledExtensions[Kind]>>> {
  const at = `${path}.config_discovery`;
  const { scope: kindScope, what, factory, needsDefault } = kinds[kind];
  const problems: Problem[] = [];
  const source = { ...discovery.config_source };
  const reason = context.sourceRefusal(source);
  if (reason !== undefined) problems.push(refuse(`${at}.config_source`, reason));
  const typeNames = (discovery.type_urls ?? []).map(typeNameOf);
  for (const [index, typeName] of typeNames.entries()) {
    if (findExtension(context.extensions, kind, typeName)) continue;
    const text = `Error: no ${factory} found for a required type URL ${typeName}. (not supported by the bundled data plane)`;
    problems.push(refuse(`${at}.type_urls[${index}]`, text, "unsupported-field"));
  }
  const isWaitedFor = !(discovery.apply_default_config_without_warming ?? false);
  if (needsDefault && !isWaitedFor && !discovery.default_config) {
    const text = `Error: ${what} config ${name} applied without warming but has no default config.`;
    problems.push(refuse(`${at}.apply_default_config_without_warming`, text));
  }
  const read = (config: AnyValue, where: string) => {
    const typeName = typeNameOf(config.type_url ?? "");
    const expected = typeNames.join(", ");
    const refusal = typeNames.includes(typeName)
      ? refusalOf?.(typeName)
      : `Error: filter config has type URL ${typeName} but expect ${expected}.`;
    if (refusal !== undefined) return { problems: [refuse(where, refusal)] };
    return parseTypedConfig(kind, { name, typed_config: config }, context, where);
  };
  const { default_config: fallback } = discovery;
  const byDefault = fallback && read(fallback, `${at}.default_config`);
  problems.push(...(byDefault?.problems ?? []));
  return parsed((run, scope) => {
    const slot = new DiscoveredSlot(run, scope, byDefault?.value && adapt(byDefault.value));
    run.subscriptions.subscribe<Installer<InstalledExtensions[Kind]>>({
      typeUrl: TYPED_EXTENSION_CONFIG,
      name,
      source,
      statScope: `extension_config_discovery.${kindScope}.${name}`,
      hasConfigCounters: true,
      isWaitedFor,
      parse: (message) => {
        const config = asType("envoy.config.core.v3.TypedExtensionConfig", message);
        if (config.name !== name) {
          const text = `Unexpected resource name in ExtensionConfigDS response: ${config.name ?? ""}`;
          return { problems: [refuse("", text)] };
        }
        return read(config.typed_config ?? {}, "");
      },
      onUpdate: (install) => slot.use(adapt(install)),
      onRemoved: () => slot.useDefault(),
    });
    // Unless it is held already, because somebody else asked for it before.
    if (!slot.current) slot.useDefault();
    return slot;
  }, problems);
}

/** What ECDS has for a place in a chain. Whoever began with an earlier version keeps that to the end. */
class DiscoveredSlot<Installed> implements Slot<Installed> {
  current: Installed | undefined;
  readonly #run: RunContext;
  readonly #scope: string;
  readonly #byDefault: Installer<Installed> | undefined;
  #subscriptions: OwnedSubscriptions | undefined;

  constructor(run: RunContext, scope: string, byDefault: Installer<Installed> | undefined) {
    this.#run = run;
    this.#scope = scope;
    this.#byDefault = byDefault;
  }

  /** Takes a version into use; what the one before subscribed to leaves the wire. */
  use(install: Installer<Installed>): void {
    const subscriptions = new OwnedSubscriptions(this.#run.subscriptions);
    this.current = install({ ...this.#run, subscriptions }, this.#scope);
    this.#subscriptions?.close();
    this.#subscriptions = subscriptions;
  }

  useDefault(): void {
    if (this.#byDefault) return this.use(this.#byDefault);
    this.current = undefined;
    this.#subscriptions?.close();
    this.#subscriptions = undefined;
  }
}
