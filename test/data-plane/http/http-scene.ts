import type { JsonObject, JsonValue } from "../../kit/json.ts";
import type { ScriptedClient } from "../../kit/scripted-client.ts";
import { MessageReader } from "../../../data-plane/http-codec/message-reader.ts";
import { readStatusLine } from "../../../data-plane/http-codec/start-line.ts";

const types = "type.googleapis.com/";
const manager = `${types}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;

/** The listener's name. */
export const LISTENER = "http";

function cluster(name: string, port: number): JsonObject {
  return {
    name,
    connect_timeout: "2s",
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } },
          ],
        },
      ],
    },
  };
}

/** One listener with a connection manager, and the clusters `echo` and `dead`. */
export function httpBootstrap(
  ports: { readonly echo: number; readonly dead: number },
  routes: readonly JsonValue[],
  more: {
    readonly hcm?: JsonObject;
    readonly routeConfig?: JsonObject;
    readonly listener?: JsonObject;
    readonly echo?: JsonObject;
  } = {},
): JsonObject {
  return {
    static_resources: {
      listeners: [
        {
          name: LISTENER,
          address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
          ...more.listener,
          filter_chains: [
            {
              filters: [
                {
                  name: "hcm",
                  typed_config: {
                    "@type": manager,
                    stat_prefix: "web",
                    route_config: {
                      name: "local",
                      validate_clusters: false,
                      virtual_hosts: [{ name: "all", domains: ["*"], routes }],
                      ...more.routeConfig,
                    },
                    http_filters: [
                      {
                        name: "envoy.filters.http.router",
                        typed_config: { "@type": `${types}envoy.extensions.filters.http.router.v3.Router` },
                      },
                    ],
                    ...more.hcm,
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [{ ...cluster("echo", ports.echo), ...more.echo }, cluster("dead", ports.dead)],
    },
  };
}

/** Everything that came, once `count` answers are whole or the connection has ended. */
export async function answers(client: ScriptedClient, count: number, isHead = false): Promise<string> {
  const isWhole = (bytes: Buffer) => client.isClosed || wholeAnswers(bytes, isHead) >= count;
  try {
    return (await client.receivedThat(isWhole)).toString("latin1");
  } catch (error) {
    // The connection ended before; what there is is what there will be.
    if (client.isClosed) return client.received.toString("latin1");
    throw error;
  }
}

function wholeAnswers(bytes: Buffer, isHead: boolean): number {
  let count = 0;
  const reader = new MessageReader(
    readStatusLine,
    false,
    { maxHeadBytes: 1 << 20, maxHeaders: 1000 },
    {
      onHead: ({ status }) => {
        if (status < 200 && status !== 101) return "interim";
        return isHead || status === 204 || status === 304 || status === 101 ? "no-body" : "body";
      },
      onData: () => undefined,
      onEnd: () => {
        count += 1;
      },
    },
  );
  let left = bytes;
  while (left.length > 0 && !reader.error) {
    left = left.subarray(reader.read(left));
    reader.next();
  }
  return count;
}

/** The text without what differs from run to run. */
export function settled(text: string): string {
  return text
    .replaceAll(/date: [^\r]+ GMT/g, "date: D")
    .replaceAll(/x-request-id: [0-9a-f-]{36}/g, "x-request-id: R")
    .replaceAll(/x-envoy-upstream-service-time: \d+/g, "x-envoy-upstream-service-time: T");
}
