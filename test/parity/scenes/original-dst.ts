import type { JsonObject } from "../../kit/json.ts";
import {
  bootstrap,
  connectionManager,
  listener,
  proxyProtocolFilter,
  route,
  tcpProxy,
} from "../bootstrap.ts";
import { startFarm } from "../lettered.ts";
import { sceneWith, type Scene } from "../scene.ts";

const cluster = (name: string, config: JsonObject = {}): JsonObject => ({
  name,
  connect_timeout: "2s",
  type: "ORIGINAL_DST",
  lb_policy: "CLUSTER_PROVIDED",
  original_dst_lb_config: config,
});

function destinations(): JsonObject {
  const restoring = { listener_filters: [proxyProtocolFilter()] };
  return bootstrap(
    [
      listener("relay", [tcpProxy("plain")], restoring),
      listener("unrestored", [tcpProxy("plain", { stat_prefix: "unrestored" })]),
      listener("in", [connectionManager([route("/header/", "header"), route("/", "plain")])], restoring),
    ],
    [cluster("plain"), cluster("header", { use_http_header: true })],
  );
}

const proxyLine = (port: number) => `PROXY TCP4 192.0.2.1 127.0.0.1 4711 ${port}\r\n`;

export const scenes: readonly Scene[] = [
  sceneWith(startFarm("ab"), {
    area: "clusters",
    name: "original destinations",
    bootstrap: destinations,
    cases: {
      "the restored destination is the upstream": async (stage, { more: { farm } }) => {
        const answers: string[] = [];
        for (const letter of ["a", "b", "a"]) {
          stage.name(farm.portOf(letter), letter.toUpperCase());
          const client = await stage.connect("relay");
          client.write(`${proxyLine(farm.portOf(letter))}hello\n`);
          answers.push((await client.receivedThat((bytes) => bytes.length > 0)).toString());
        }
        const { body } = await stage.admin.request("GET", "/clusters?filter=^plain$");
        const lines = body.split("\n").filter((line) => line.includes("::hostname::"));
        const hostOf = (letter: string) =>
          lines.find((line) => line.includes(`:${farm.portOf(letter)}::`)) ?? "";
        return { answers, hosts: [hostOf("a"), hostOf("b"), lines.length] };
      },
      "nobody without a restored destination": async (stage) => {
        let ending = "";
        const counted = await stage.counted("^cluster\\.plain\\.|^tcp\\.unrestored", async () => {
          const client = await stage.connect("unrestored");
          await client.closed();
          ({ ending } = client);
        });
        return { ending, counted };
      },
      "requests go to the restored destination": async (stage, { more: { farm } }) => {
        const { lines } = await stage.exchange(
          `${proxyLine(farm.portOf("b"))}GET /x HTTP/1.1\r\nhost: a\r\n\r\n`,
        );
        return lines[lines.length - 1] ?? "";
      },
      "a header says where to": async (stage, { more: { farm } }) => {
        const { lines } = await stage.exchange(
          `${proxyLine(farm.portOf("b"))}GET /header/ HTTP/1.1\r\nhost: a\r\nx-envoy-original-dst-host: 127.0.0.1:${farm.portOf("a")}\r\n\r\n`,
        );
        return lines[lines.length - 1] ?? "";
      },
      "a header that is no address is passed over, and counted": async (stage, { more: { farm } }) => {
        let last = "";
        const counted = await stage.counted("original_dst_host_invalid", async () => {
          const { lines } = await stage.exchange(
            `${proxyLine(farm.portOf("b"))}GET /header/ HTTP/1.1\r\nhost: a\r\nx-envoy-original-dst-host: nowhere\r\n\r\n`,
          );
          last = lines[lines.length - 1] ?? "";
        });
        return { last, counted };
      },
    },
  }),
];
