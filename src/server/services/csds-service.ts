import { status } from "@grpc/grpc-js";
import { errorMessage } from "../../base/error-message.ts";
import { maskSecrets } from "../../base/mask-secrets.ts";
import type { NodeStatus, NodeTypeStatus } from "../../fleet/node-status.ts";
import type { MessageTypes } from "../../schema/api.ts";
import type { Message } from "../../schema/message.ts";
import type { Schema } from "../../schema/schema.ts";
import type { Node } from "../../snapshot/node.ts";
import type { Resource } from "../../snapshot/resource.ts";
import type { StreamStatus, TypeStatus } from "../../xds/events.ts";
import { type Answer, answerEach, answerOne, CallError, type GrpcService } from "./grpc-service.ts";
import { matchesOne } from "./node-matcher.ts";

/** What the server knows of its clients. */
export interface CsdsSource {
  streams(): Iterable<StreamStatus>;
  nodes(): readonly NodeStatus[];
  /** By name. */
  resourcesOf(group: string, typeUrl: string, revisionId: string | undefined): ReadonlyMap<string, Resource>;
}

/** An answer is made as a whole, so it has a bound. */
const mostConfigs = 200_000;

const input = "envoy.service.status.v3.ClientStatusRequest";
const output = "envoy.service.status.v3.ClientStatusResponse";

/**
 * The answer to a ClientStatusRequest: what each connected node holds, resource by resource, without their content, which
 * may be secret. No client is asked for it.
 */
export function csdsAnswer(schema: Schema, source: CsdsSource): (request: Buffer) => Buffer {
  return (bytes) => schema.encode(output, { config: clientConfigs(decode(schema, bytes), source) });
}

/** Client status discovery (XDS-143); `answer` knows the whole fleet, such as `csdsAnswer`. */
export function csdsService(answer: Answer): GrpcService {
  const messages = { input, output } as const;
  return {
    name: "envoy.service.status.v3.ClientStatusDiscoveryService",
    access: "operators",
    methods: {
      StreamClientStatus: { ...messages, kind: "bidi", handle: answerEach(answer) },
      FetchClientStatus: { ...messages, kind: "unary", handle: answerOne(answer) },
    },
  };
}

type ClientStatusRequest = MessageTypes["envoy.service.status.v3.ClientStatusRequest"];

function decode(schema: Schema, bytes: Buffer): ClientStatusRequest {
  try {
    return schema.decode(input, bytes);
  } catch (error) {
    const reason = errorMessage(error);
    throw new CallError(status.INVALID_ARGUMENT, `the request cannot be read: ${reason}`);
  }
}

function clientConfigs({ node_matchers = [] }: ClientStatusRequest, source: CsdsSource): readonly Message[] {
  const records = new Map(source.nodes().map((node) => [node.id, node]));
  const byNode = new Map<string, { readonly node: Node; readonly configs: Message[] }>();
  let count = 0;
  for (const stream of source.streams()) {
    const { node, group, revisionId, types } = stream;
    if (!node || !matchesOne(node_matchers, node)) continue;
    const entry = byNode.get(node.id) ?? { node, configs: [] };
    byNode.set(node.id, entry);
    for (const type of types) {
      const resources =
        group === undefined
          ? new Map<string, Resource>()
          : source.resourcesOf(group, type.typeUrl, revisionId);
      const names = type.isWildcard ? new Set([...resources.keys(), ...type.names]) : type.names;
      count += names.size;
      if (count > mostConfigs) {
        throw new CallError(
          status.RESOURCE_EXHAUSTED,
          `the answer has more than ${mostConfigs} configurations: narrow it with node_matchers`,
        );
      }
      const record = records.get(node.id)?.types.find(({ typeUrl }) => typeUrl === type.typeUrl);
      for (const name of names) entry.configs.push(configOf(type, record, name, resources.get(name)));
    }
  }
  return [...byNode.values()].map(({ node, configs }) => ({
    node: {
      id: node.id,
      cluster: node.cluster,
      locality: { ...node.locality },
      user_agent_name: node.userAgentName,
      user_agent_version: node.userAgentVersion,
      ...(node.metadata && { metadata: node.metadata }),
    },
    generic_xds_configs: configs,
  }));
}

const configStatus = { SYNCED: "SYNCED", STALE: "STALE", NACKED: "ERROR", NOT_SENT: "NOT_SENT" } as const;
const clientStatus = {
  SYNCED: "ACKED",
  STALE: "REQUESTED",
  NACKED: "NACKED",
  NOT_SENT: "REQUESTED",
} as const;

function configOf(
  { typeUrl, state, refusal }: TypeStatus,
  record: NodeTypeStatus | undefined,
  name: string,
  resource: Resource | undefined,
): Message {
  const updatedAtMs = record?.ackedAtMs ?? record?.sentAtMs;
  return {
    type_url: typeUrl,
    name,
    version_info: resource?.version ?? "",
    config_status: resource ? configStatus[state] : "NOT_SENT",
    client_status: resource ? clientStatus[state] : "DOES_NOT_EXIST",
    ...(updatedAtMs !== undefined && { last_updated: timestamp(updatedAtMs) }),
    ...(refusal && {
      error_state: {
        details: maskSecrets(refusal.message),
        version_info: refusal.version,
        last_update_attempt: timestamp(refusal.atMs),
      },
    }),
  };
}

function timestamp(atMs: number): Message {
  return { seconds: String(Math.floor(atMs / 1000)), nanos: (atMs % 1000) * 1e6 };
}
