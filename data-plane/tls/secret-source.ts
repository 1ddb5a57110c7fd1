import type { MessageTypes, Secret } from "../../src/schema/api.ts";
import { SECRET } from "../../src/schema/type-urls.ts";
import type { Message } from "../../src/schema/message.ts";
import type { LocalData } from "../resources/data-source.ts";
import type { ParseContext, RunContext } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";

type SdsSecretConfig = MessageTypes["envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig"];

/** Where a secret of TLS comes from. */
export type SecretSource<Value> =
  /** It stands in the configuration, or in the bootstrap's `static_resources.secrets`. */
  | { readonly kind: "fixed"; readonly value: Value }
  /** SDS: it comes by its name, and may come again. */
  | {
      readonly kind: "sds";
      readonly name: string;
      /** `envoy.config.core.v3.ConfigSource` */
      readonly source: Message;
      readonly parse: (secret: Message) => Parsed<Value>;
    };

/** One kind of secret: the part of a Secret that holds it, and how that is read. */
export interface SecretKind<Field extends keyof Secret, Value> {
  readonly field: Field;
  /** What Envoy calls it when no static one has the name. */
  readonly noun: string;
  read(content: NonNullable<Secret[Field]>, local: LocalData, path: string): Parsed<Value>;
}

/** `envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig`. */
export function parseSecretConfig<Field extends keyof Secret, Value>(
  config: SdsSecretConfig,
  kind: SecretKind<Field, Value>,
  { local, staticSecrets, sourceRefusal }: Pick<ParseContext, "local" | "staticSecrets" | "sourceRefusal">,
  path: string,
): Parsed<SecretSource<Value>> {
  const problems = unsupportedFields(config, { name: true, sds_config: true }, path);
  const name = config.name ?? "";
  if (config.sds_config) {
    const source = { ...config.sds_config };
    const reason = sourceRefusal(source);
    if (reason !== undefined) return { problems: [...problems, refuse(`${path}.sds_config`, reason)] };
    const parse = (message: Message) => readSecret(message, kind, local);
    return parsed({ kind: "sds", name, source, parse }, problems);
  }
  const secret = staticSecrets.get(name);
  if (!secret?.[kind.field]) {
    return { problems: [...problems, refuse(path, `Unknown ${kind.noun}: ${name}`)] };
  }
  const read = readSecret({ ...secret }, kind, local);
  if (!read.value) return { problems: [...problems, ...read.problems] };
  return parsed({ kind: "fixed", value: read.value }, [...problems, ...read.problems]);
}

function readSecret<Field extends keyof Secret, Value>(
  message: Message,
  kind: SecretKind<Field, Value>,
  local: LocalData,
): Parsed<Value> {
  const secret = asType("envoy.extensions.transport_sockets.tls.v3.Secret", message);
  const { field } = kind;
  const content = secret[field];
  if (!content) {
    const story = `Unexpected SDS secret: ${secret.name ?? ""} has no ${field}`;
    return { problems: [refuse("", story)] };
  }
  const { value, problems } = kind.read(content, local, field);
  const unknown = unsupportedFields(message, { name: true, [field]: true }, "");
  return value === undefined
    ? { problems: [...unknown, ...problems] }
    : parsed(value, [...unknown, ...problems]);
}

/**
 * Follows a secret: gives what returns the version in use, undefined before the first. `onUpdate` is called behind each that comes; not
 * for one that is fixed.
 */
export function followSecret<Value>(
  source: SecretSource<Value>,
  { subscriptions }: RunContext,
  onUpdate: () => void,
): () => Value | undefined {
  if (source.kind === "fixed") return () => source.value;
  let current: Value | undefined;
  subscriptions.subscribe<Value>({
    typeUrl: SECRET,
    name: source.name,
    source: source.source,
    statScope: `sds.${source.name}`,
    parse: source.parse,
    onUpdate(value) {
      current = value;
      onUpdate();
    },
  });
  return () => current;
}
