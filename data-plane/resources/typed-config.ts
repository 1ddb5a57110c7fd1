import { errorMessage } from "../../src/base/error-message.ts";
import type { Message } from "../../src/schema/message.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import type { ExtensionKind, InstalledExtensions, Installer, ParseContext } from "./extension.ts";
import { findExtension } from "./extension.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";

/** An Any as a generated type has it. */
export interface AnyValue {
  readonly type_url?: string;
  readonly value?: Buffer;
}

/** Anything with a name and a `typed_config`: TypedExtensionConfig, TransportSocket, Filter, ListenerFilter. */
export interface NamedConfig {
  readonly name?: string;
  readonly typed_config?: AnyValue | null;
}

/** The message in an Any that must be of one type, past its field rules. */
export function unpack(
  any: AnyValue,
  typeName: string,
  context: ParseContext,
  path: string,
): Parsed<Message> {
  let message: Message;
  try {
    message = context.schema.decode(typeName, any.value ?? Buffer.alloc(0));
  } catch (error) {
    const reason = errorMessage(error);
    return { problems: [refuse(path, `Unable to unpack as ${typeName}: ${reason}`)] };
  }
  const violations = context.schema.checkRules(typeName, message);
  return parsed(
    message,
    violations.map((violation) => refuse(`${path}.${violation.path}`, violation.message, "rule-violation")),
  );
}

/**
 * Finds the extension that `typed_config` names by its type URL (the name is free, PP-11) and has it read its config. The refusal
 * of an unknown one has Envoy's text.
 */
export function parseTypedConfig<Kind extends ExtensionKind>(
  kind: Kind,
  holder: NamedConfig,
  context: ParseContext,
  path: string,
): Parsed<Installer<InstalledExtensions[Kind]>> {
  const typeUrl = holder.typed_config?.type_url ?? "";
  const typeName = typeNameOf(typeUrl);
  const extension = findExtension(context.extensions, kind, typeName);
  const configPath = `${path}.typed_config`;
  if (!extension) {
    const what = `Didn't find a registered implementation for '${holder.name ?? ""}' with type URL: '${typeName}'`;
    return {
      problems: [
        refuse(configPath, `${what} (not supported by the bundled data plane)`, "unsupported-field"),
      ],
    };
  }
  const config = unpack(holder.typed_config ?? {}, typeName, context, configPath);
  return config.value ? extension.parse(config.value, context, configPath) : { problems: config.problems };
}
