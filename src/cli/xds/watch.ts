import { type StatusObject, status } from "@grpc/grpc-js";
import type { MessageTypes } from "../../schema/api.ts";
import type { JsonValue } from "../../schema/json-value.ts";
import type { Schema } from "../../schema/schema.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import type { XdsClient } from "./client.ts";

export interface WatchOptions {
  readonly schema: Schema;
  readonly client: XdsClient;
  readonly terminal: Terminal;
  readonly typeUrl: string;
  readonly delta: boolean;
  readonly name: readonly string[];
  readonly nack: boolean;
  readonly once: boolean;
  readonly nodeId: string;
  readonly nodeCluster: string;
  readonly json: boolean;
}

/** A response of either kind. */
interface Shown {
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly {
    readonly name: string;
    readonly version: string;
    readonly content: JsonValue;
  }[];
  readonly removed: readonly string[];
}

const service = "envoy.service.discovery.v3";

/**
 * Asks for a type and shows each response, until interrupted, or the first with `once`. Rejects with `CommandError` when
 * the server ends the stream.
 */
export async function watchXds(options: WatchOptions): Promise<void> {
  const { schema, client, terminal, typeUrl, delta, name, nack, once, json } = options;
  const prefix = delta ? "Delta" : "";
  const method = delta ? "DeltaAggregatedResources" : "StreamAggregatedResources";
  const stream = client.open(`/${service}.AggregatedDiscoveryService/${method}`);
  const names = name.length === 0 ? {} : { [delta ? "resource_names_subscribe" : "resource_names"]: name };
  const send = (request: object) =>
    stream.write(schema.encode(`${service}.${prefix}DiscoveryRequest`, { type_url: typeUrl, ...request }));
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      for (const undo of unhook) undo();
      stream.cancel();
      resolve();
    };
    const unhook = [terminal.onSignal("SIGINT", stop), terminal.onSignal("SIGTERM", stop)];
    // The status says what the error says.
    stream.on("error", () => undefined);
    stream.on("status", ({ code, details }: StatusObject) => {
      for (const undo of unhook) undo();
      const message = `${client.where} ended the stream: ${status[code]}${details === "" ? "" : `: ${details}`}`;
      reject(new CommandError(exitCode.failure, message));
    });
    let accepted = "";
    stream.on("data", (bytes: Buffer) => {
      const shown = delta ? readDelta(schema, bytes) : readSotw(schema, bytes);
      terminal.stdout.write(json ? `${JSON.stringify({ typeUrl, ...shown })}\n` : format(shown));
      if (!nack) accepted = shown.version;
      const refusal = nack
        ? { error_detail: { code: 3, message: "refused by chancery xds watch --nack" } }
        : {};
      const held = delta ? {} : { ...names, ...(accepted !== "" && { version_info: accepted }) };
      send({ response_nonce: shown.nonce, ...held, ...refusal });
      if (once) stop();
    });
    send({
      node: { id: options.nodeId, cluster: options.nodeCluster, user_agent_name: "chancery" },
      ...names,
    });
  });
}

function readSotw(schema: Schema, bytes: Buffer): Shown {
  const response: MessageTypes["envoy.service.discovery.v3.DiscoveryResponse"] = schema.decode(
    `${service}.DiscoveryResponse`,
    bytes,
  );
  return {
    version: response.version_info ?? "",
    nonce: response.nonce ?? "",
    resources: (response.resources ?? []).map((any) => {
      const content = contentOf(schema, any);
      return { name: nameIn(content), version: "", content };
    }),
    removed: [],
  };
}

function readDelta(schema: Schema, bytes: Buffer): Shown {
  const response: MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryResponse"] = schema.decode(
    `${service}.DeltaDiscoveryResponse`,
    bytes,
  );
  return {
    version: response.system_version_info ?? "",
    nonce: response.nonce ?? "",
    resources: (response.resources ?? []).map(({ name = "", version = "", resource }) => ({
      name,
      version,
      content: resource ? contentOf(schema, resource) : null,
    })),
    removed: response.removed_resources ?? [],
  };
}

interface Any {
  readonly type_url?: string;
  readonly value?: Buffer | Uint8Array | string;
}

/** Null for a type that is not known here. */
function contentOf(schema: Schema, { type_url = "", value }: Any): JsonValue {
  const typeName = typeNameOf(type_url);
  if (!schema.descriptors.messages.has(typeName)) return null;
  const bytes = typeof value === "string" ? Buffer.from(value, "base64") : Buffer.from(value ?? []);
  return schema.toJson(typeName, schema.decode(typeName, bytes), { mask: true });
}

function nameIn(content: JsonValue): string {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return "";
  const fields = new Map(Object.entries(content));
  const name = fields.get("name") ?? fields.get("cluster_name");
  return typeof name === "string" ? name : "";
}

function format({ version, nonce, resources, removed }: Shown): string {
  const head = `version ${version || "-"}, nonce ${nonce || "-"}: ${resources.length} resources\n`;
  const lines = resources.map((item) => `  ${item.name}${item.version && ` ${item.version}`}\n`);
  return head + lines.join("") + removed.map((name) => `  ${name} removed\n`).join("");
}
