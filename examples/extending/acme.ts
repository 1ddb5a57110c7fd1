import {
  defineExtensions,
  type Extension,
  goOn,
  type HttpFilter,
  type ListenerFilter,
  type ListenerFilterVerdict,
  type NetworkFilter,
  parsed,
  refuse,
  socketAddress,
} from "chancery/extension";

const close: ListenerFilterVerdict = { kind: "close" };
const longestLine = 64;

/** A listener filter: reads a line before all else and restores the client that it names. */
const clientLine: Extension<ListenerFilter> = {
  typeName: "acme.v1.ClientLine",
  parse: () =>
    parsed((run, scope) => {
      const counters = run.stats.counters(`${scope}.client_line`, ["restored", "malformed"]);
      return {
        readMaxBytes: longestLine,
        open: (connection) => (bytes) => {
          const end = bytes.indexOf("\n");
          if (end < 0 && bytes.length < longestLine) return { kind: "more" };
          const [, ip = "", port] = /^CLIENT (\S+) (\d{1,5})$/.exec(bytes.toString("latin1", 0, end)) ?? [];
          const client = socketAddress(ip, Number(port));
          if (!client || client.port > 65_535) {
            counters.malformed += 1;
            return close;
          }
          counters.restored += 1;
          connection.remote = client;
          return { kind: "continue", consumed: end + 1 };
        },
      };
    }, []),
};

/** A network filter: lets connections in by their client's port, as listener filters left it. */
const onlyPorts: Extension<NetworkFilter> = {
  typeName: "acme.v1.OnlyPorts",
  parse(config, _context, path) {
    const from = Number(config["from"] ?? 1);
    const to = Number(config["to"] ?? 65_535);
    const isEmpty = from > to;
    return parsed(
      () => ({
        kind: "gate",
        admit: ({ info: { remote } }) =>
          remote.family !== "pipe" && remote.port >= from && remote.port <= to ? "continue" : "close",
      }),
      isEmpty ? [refuse(`${path}.to`, `no port is from ${from} to ${to}`)] : [],
    );
  },
};

/** An HTTP filter: tells the upstream who the client is, whatever stands in x-forwarded-for. */
const clientStamp: Extension<HttpFilter> = {
  typeName: "acme.v1.ClientStamp",
  parse(config) {
    const header = String(config["header"]);
    return parsed((run, scope) => {
      const counters = run.stats.counters(`${scope}.client_stamp`, ["stamped"]);
      return {
        kind: "stream",
        open: ({ remote }) => ({
          onRequestHead({ headers }) {
            headers.set(header, remote.family === "pipe" ? remote.path : remote.address);
            counters.stamped += 1;
            return goOn;
          },
        }),
      };
    }, []);
  },
};

export default defineExtensions({
  listenerFilters: [clientLine],
  networkFilters: [onlyPorts],
  httpFilters: [clientStamp],
});
