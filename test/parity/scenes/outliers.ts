import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { until } from "../../kit/within.ts";
import { bootstrap, cluster, connectionManager, listener, route, tcpProxy } from "../bootstrap.ts";
import { type CheckAnswer, type CheckedHttp, startCheckedHttp } from "../health/checked-http.ts";
import { clusterOf, flagsOf, healthCheck, untilFlags, untilStat } from "../health/health-view.ts";
import type { More, Rig } from "../rig.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

interface Web extends More {
  readonly a: CheckedHttp;
  readonly b: CheckedHttp;
  readonly c: CheckedHttp;
}

async function startWeb(): Promise<Web> {
  // Checks pass, whatever requests are answered.
  const answers = { "/hz": { status: 200 } };
  return {
    a: await startCheckedHttp(answers),
    b: await startCheckedHttp(answers),
    c: await startCheckedHttp(answers),
  };
}

/** Ejects at the third failure in a row, any share of the hosts; a host comes back soon. */
const quick = {
  consecutive_5xx: 3,
  interval: "0.1s",
  base_ejection_time: "0.2s",
  max_ejection_percent: 100,
};

/** The same, and nobody comes back while a test looks. */
const lasting = { ...quick, base_ejection_time: "100s" };

/** No host is used that is not healthy. */
const noPanic = { common_lb_config: { healthy_panic_threshold: { value: 0 } } };

function outliers(config: JsonObject, more: JsonObject = noPanic): JsonObject {
  return { outlier_detection: config, ...more };
}

/** Clusters of `rig.more.a` alone, by name. */
const alone: Readonly<Record<string, JsonObject>> = {
  quick: outliers(quick),
  lasting: outliers(lasting),
  few: outliers({ ...lasting, max_ejection_percent: 10 }),
  always: outliers({ ...lasting, max_ejection_percent: 10, always_eject_one_host: true }),
  detected: outliers({ ...lasting, enforcing_consecutive_5xx: 0 }),
  gateway: outliers({
    ...lasting,
    consecutive_5xx: 100,
    consecutive_gateway_failure: 2,
    enforcing_consecutive_gateway_failure: 100,
  }),
  resets: outliers(lasting),
  "split-resets": outliers({
    ...lasting,
    split_external_local_origin_errors: true,
    consecutive_local_origin_failure: 2,
  }),
  timeouts: outliers({ ...lasting, consecutive_5xx: 100, consecutive_gateway_failure: 2 }),
  panic: outliers(lasting, {}),
  grpc: outliers(lasting),
};

/** So many requests of a path, one after the other: the first line and the body of each answer. */
async function ask(stage: Stage, path: string, count: number, header = ""): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { lines } = await stage.exchange(`GET ${path} HTTP/1.1\r\nhost: h\r\n${header}\r\n`);
    answers.push(`${lines[0]} ${lines.at(-1)}`);
  }
  return answers;
}

/** Answers of a cluster whose host does the same all the time, and what outlier detection made of it. */
async function askFailing(
  stage: Stage,
  rig: Rig<Web>,
  name: string,
  how: CheckAnswer,
  count: number,
): Promise<JsonValue> {
  rig.more.a.answer(how);
  let answers: readonly string[] = [];
  const counted = await stage.counted(`^cluster\\.${name}\\.outlier`, async () => {
    answers = await ask(stage, `/${name}`, count);
  });
  rig.more.a.answer({ status: 200 });
  return { answers: [...answers], counted, flags: [...(await flagsOf(stage, name))] };
}

/** TCP connections to a listener, one after the other, each to its end. */
async function connectAll(stage: Stage, name: string, count: number): Promise<JsonValue> {
  return stage.counted(`^cluster\\.${name}\\.(outlier|upstream_cx_(none_healthy|connect_fail))`, async () => {
    for (let n = 0; n < count; n += 1) await (await stage.connect(name)).closed();
  });
}

const oneOf3 = (rig: Rig<Web>) => [rig.more.a.port, rig.more.b.port, rig.more.c.port];

export const scenes: readonly Scene[] = [
  sceneWith(startWeb, {
    area: "outliers",
    name: "of HTTP",
    // Clients ask until something happens.
    varying: /(up|down)stream_|rq_total|lb_healthy_panic/,
    bootstrap: (rig) =>
      bootstrap(
        [
          listener("in", [
            connectionManager([
              ...Object.keys(alone).map((name) =>
                route(`/${name}`, name, name === "timeouts" ? { timeout: "0.1s" } : {}),
              ),
              route("/three", "three"),
              route("/checked", "checked"),
              route("/asking", "asking"),
              route("/unreachable", "unreachable"),
            ]),
          ]),
        ],
        [
          ...Object.entries(alone).map(([name, more]) => clusterOf(name, [rig.more.a.port], more)),
          clusterOf(
            "three",
            oneOf3(rig),
            outliers({
              interval: "0.2s",
              base_ejection_time: "100s",
              max_ejection_percent: 100,
              consecutive_5xx: 1000,
              success_rate_minimum_hosts: 3,
              success_rate_request_volume: 2,
              success_rate_stdev_factor: 1000,
              failure_percentage_minimum_hosts: 3,
              failure_percentage_request_volume: 2,
            }),
          ),
          clusterOf("checked", [rig.more.a.port], {
            ...outliers(lasting),
            health_checks: [healthCheck({ http_health_check: { path: "/hz" } })],
          }),
          clusterOf("asking", [rig.more.a.port], {
            ...noPanic,
            health_checks: [
              healthCheck({
                interval: "100s",
                no_traffic_interval: "100s",
                http_health_check: { path: "/hz" },
              }),
            ],
          }),
          clusterOf("unreachable", [rig.dead.port], outliers(lasting)),
        ],
      ),
    cases: {
      "5xx in a row eject the host": async (stage, rig) =>
        askFailing(stage, rig, "lasting", { status: 500 }, 5),
      "a good answer between them begins anew": async (stage, rig) => {
        await ask(stage, "/quick", 1);
        rig.more.a.answer({ status: 500 });
        await ask(stage, "/quick", 2);
        rig.more.a.answer({ status: 200 });
        await ask(stage, "/quick", 1);
        return askFailing(stage, rig, "quick", { status: 500 }, 2);
      },
      "an ejected host comes back": async (stage, rig) => {
        rig.more.a.answer({ status: 500 });
        const failed = await ask(stage, "/quick", 4);
        rig.more.a.answer({ status: 200 });
        await untilFlags(stage, "quick", "healthy");
        const active = await untilStat(stage, "cluster.quick.outlier_detection.ejections_active", 0);
        // Envoy tells its workers a little later than its admin page.
        const back = await until(5000, "a request is served", async () => {
          const [answer] = await ask(stage, "/quick", 1);
          return answer?.includes(" 200 ") ? answer : undefined;
        });
        return { failed: [...failed], active, back };
      },
      "max_ejection_percent keeps the only host": async (stage, rig) =>
        askFailing(stage, rig, "few", { status: 500 }, 5),
      "always_eject_one_host does not": async (stage, rig) =>
        askFailing(stage, rig, "always", { status: 500 }, 5),
      "enforcing of 0 only counts": async (stage, rig) =>
        askFailing(stage, rig, "detected", { status: 500 }, 5),
      "failures of the gateway": async (stage, rig) => askFailing(stage, rig, "gateway", { status: 502 }, 3),
      "500 is none of them": async (stage, rig) => askFailing(stage, rig, "gateway", { status: 500 }, 3),
      "resets count as 5xx": async (stage, rig) => askFailing(stage, rig, "resets", "reset", 4),
      "resets are of local origin where these are split off": async (stage, rig) =>
        askFailing(stage, rig, "split-resets", "reset", 4),
      "timeouts are failures of the gateway": async (stage, rig) =>
        askFailing(stage, rig, "timeouts", "silent", 3),
      "connections that fail count as 5xx": async (stage, rig) =>
        askFailing(stage, rig, "unreachable", { status: 200 }, 4),
      "an ejected host is used in panic": async (stage, rig) =>
        askFailing(stage, rig, "panic", { status: 500 }, 5),
      "calls of gRPC count by their status": async (stage, rig) => {
        rig.more.a.answer({ status: 200, headers: { "grpc-status": "14" } });
        const other = await ask(stage, "/grpc", 3);
        const before = [...(await flagsOf(stage, "grpc"))];
        await ask(stage, "/grpc", 3, "content-type: application/grpc\r\n");
        rig.more.a.answer({ status: 200 });
        return { other: [...other], before, after: [...(await flagsOf(stage, "grpc"))] };
      },
      "a host far below the others is ejected": async (stage, rig) => {
        rig.more.a.answer({ status: 500 });
        for (let round = 0; (await flagsOf(stage, "three"))[0] === "healthy"; round += 1) {
          if (round === 50) throw new Error("nobody is ejected");
          await ask(stage, "/three", 6);
        }
        rig.more.a.answer({ status: 200 });
        const { body } = await stage.admin.request("GET", "/clusters?format=json");
        return {
          flags: [...(await flagsOf(stage, "three"))],
          others: [...(await ask(stage, "/three", 3))],
          isRated: body.includes("success_rate"),
          enforced: await untilStat(
            stage,
            "cluster.three.outlier_detection.ejections_enforced_success_rate",
            1,
          ),
        };
      },
      "a passed check brings an ejected host back": async (stage, rig) => {
        await untilFlags(stage, "checked", "healthy");
        const counted = await stage.counted(
          "^cluster\\.checked\\.outlier_detection\\.ejections_(enforced|active)",
          async () => {
            rig.more.a.answer({ status: 500 });
            await ask(stage, "/checked", 3);
            rig.more.a.answer({ status: 200 });
            await untilFlags(stage, "checked", "healthy");
          },
        );
        return counted;
      },
      "a response may ask for its host to be left out": async (stage, rig) => {
        await untilFlags(stage, "asking", "healthy");
        rig.more.a.answer({ status: 200, headers: { "x-envoy-immediate-health-check-fail": "true" } });
        const [first] = await ask(stage, "/asking", 1);
        await untilFlags(stage, "asking", "/failed_active_hc/excluded_via_immediate_hc_fail");
        const [second] = await ask(stage, "/asking", 1);
        const passive = "cluster.asking.health_check.passive_failure";
        return { first: first!, second: second!, passive: await untilStat(stage, passive, 1) };
      },
    },
  }),
  sceneWith(startWeb, {
    area: "outliers",
    name: "of TCP, and panic",
    bootstrap: (rig) =>
      bootstrap(
        [
          listener("dead", [tcpProxy("dead")]),
          listener("split", [tcpProxy("split")]),
          listener("in", [
            connectionManager([
              route("/panic", "panic"),
              route("/calm", "calm"),
              route("/refusing", "refusing"),
            ]),
          ]),
        ],
        [
          cluster("dead", rig.dead.port, outliers(lasting)),
          cluster(
            "split",
            rig.dead.port,
            outliers({
              ...lasting,
              split_external_local_origin_errors: true,
              consecutive_local_origin_failure: 2,
            }),
          ),
          ...["panic", "calm", "refusing"].map((name) =>
            clusterOf(name, [rig.more.a.port, rig.dead.port, rig.dead.port], {
              health_checks: [healthCheck({ http_health_check: { path: "/hz" } })],
              ...(name === "calm" && noPanic),
              ...(name === "refusing" && {
                common_lb_config: { zone_aware_lb_config: { fail_traffic_on_panic: true } },
              }),
            }),
          ),
        ],
      ),
    cases: {
      "connections that fail count as 5xx": async (stage) => connectAll(stage, "dead", 4),
      "connections that fail are of local origin where these are split off": async (stage) =>
        connectAll(stage, "split", 4),
      "panic uses hosts that fail their checks": async (stage) => {
        await untilFlags(stage, "panic", "healthy", "/failed_active_hc", "/failed_active_hc");
        const answers = await ask(stage, "/panic", 3);
        const stats = await stage.admin.stats("^cluster\\.panic\\.lb_healthy_panic$");
        return {
          answers: answers.map((line) => line.slice(0, 12)).toSorted(),
          stats: Object.fromEntries(stats),
        };
      },
      "without panic only those that pass are used": async (stage) => {
        await untilFlags(stage, "calm", "healthy", "/failed_active_hc", "/failed_active_hc");
        return [...(await ask(stage, "/calm", 3))];
      },
      "fail_traffic_on_panic uses nobody": async (stage) => {
        await untilFlags(stage, "refusing", "healthy", "/failed_active_hc", "/failed_active_hc");
        return [...(await ask(stage, "/refusing", 2))];
      },
    },
  }),
];
