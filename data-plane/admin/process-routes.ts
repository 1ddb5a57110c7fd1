import type { AdminRoute } from "./admin-route.ts";
import { jsonReply, textReply } from "./admin-route.ts";

/** `envoy.admin.v3.Memory`, with what Node knows: no page heap and no caches of threads. */
export const memoryRoute: AdminRoute = {
  path: "/memory",
  isMutation: false,
  help: "print current allocation/heap usage",
  parameters: {},
  answer(view) {
    const { allocated, heap, physical } = view.host.memory();
    return jsonReply({
      allocated: String(allocated),
      heap_size: String(heap),
      pageheap_unmapped: "0",
      pageheap_free: "0",
      total_thread_cache: "0",
      total_physical_bytes: String(physical),
    });
  },
};

export const hotRestartRoute: AdminRoute = {
  path: "/hot_restart_version",
  isMutation: false,
  help: "print the hot restart compatibility version",
  parameters: {},
  answer: () => textReply("disabled"),
};

/** What Envoy answers without `--enable-mutex-tracing`; there are no mutexes here. */
export const contentionRoute: AdminRoute = {
  path: "/contention",
  isMutation: false,
  help: "dump current mutex contention stats (if enabled)",
  parameters: {},
  answer: () =>
    textReply(
      "Mutex contention tracing is not enabled. To enable, run Envoy with flag --enable-mutex-tracing.",
    ),
};

/** `envoy.admin.v3.UnreadyTargetsDumps`: the clusters that the start or an update waits for. */
export const initDumpRoute: AdminRoute = {
  path: "/init_dump",
  isMutation: false,
  help: "dump what the start waits for",
  parameters: {},
  answer(view) {
    const waiting = view.clusterRecords.list().filter(({ name }) => view.isWarming(name));
    if (waiting.length === 0) return jsonReply({});
    const names = waiting.map(({ name }) => `Cluster ${name}`);
    return jsonReply({ unready_targets_dumps: [{ name: "init manager Server", target_names: names }] });
  },
};

export const reopenLogsRoute: AdminRoute = {
  path: "/reopen_logs",
  isMutation: true,
  help: "reopen access logs",
  parameters: {},
  answer(view) {
    view.host.reopenLogs();
    return textReply("OK\n");
  },
};
