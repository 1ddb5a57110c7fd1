import { errorMessage } from "../base/error-message.ts";
import { parseListenAddress } from "../server/listen-address.ts";
import type { BootstrapPlan } from "./bootstrap/make-bootstrap.ts";
import { defineCommand } from "./command.ts";
import { addressFlag } from "./common-flags.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { choiceFlag, type FlagValues, optionalTextFlag, ownFlag, switchFlag } from "./flag.ts";
import type { Terminal } from "./terminal.ts";

const flags = {
  node: optionalTextFlag("ID", "node.id; needed"),
  cluster: optionalTextFlag("NAME", "node.cluster, the group that it belongs to; needed"),
  xdsAddress: ownFlag(
    addressFlag("where the control plane serves xDS, as the node reaches it", "127.0.0.1:18000"),
  ),
  sotw: switchFlag("state of the world"),
  delta: ownFlag(switchFlag("incremental xDS; the default")),
  tlsCa: optionalTextFlag(
    "FILE",
    "PEM CA of the control plane: the stream is TLS. A path of the node's machine",
  ),
  tlsCert: ownFlag(optionalTextFlag("FILE", "PEM certificate of the node, for mutual TLS")),
  tlsKey: ownFlag(optionalTextFlag("FILE", "its private key")),
  tlsServerName: optionalTextFlag(
    "NAME",
    "the name or address that the control plane's certificate must have",
    {
      defaultText: "the host of --xds-address",
    },
  ),
  tokenFile: optionalTextFlag("FILE", "a file with the token to show; it is written into the bootstrap"),
  admin: optionalTextFlag("HOST:PORT", "where the node's own admin interface listens", {
    defaultText: "none",
  }),
  output: ownFlag(
    choiceFlag(["yaml", "json"], "yaml", "how to print it", { short: "o", placeholder: "FORMAT" }),
  ),
};

/** `chancery bootstrap`: what a proxy is started with. */
export const bootstrapCommand = defineCommand({
  name: "bootstrap",
  summary: "print the bootstrap that a proxy is started with to be served by Chancery",
  details: [
    "Prints an Envoy bootstrap: who the node is, and one aggregated xDS stream to the control plane, with keepalive, and TLS or a",
    "token where they are given. All else comes over that stream. It works as printed with `envoy -c` and `chancery proxy -c`.",
  ].join(" "),
  arguments: [],
  flags,
  examples: [
    {
      line: "bootstrap --node edge-1 --cluster edge > edge-1.yaml",
      explains: "a control plane on this machine",
    },
    {
      line: "bootstrap --node edge-1 --cluster edge --xds-address xds.internal:18000 --tls-ca ca.crt --tls-cert edge-1.crt --tls-key edge-1.key",
      explains: "mutual TLS, with files of chancery certgen",
    },
    {
      line: "bootstrap --node edge-1 --cluster edge --token-file token --admin 127.0.0.1:9901 -o json",
      explains: "a token, and an admin interface",
    },
  ],
  async run({ flags: given, terminal }) {
    const plan = await planOf(given, terminal);
    const { makeBootstrap } = await import("./bootstrap/make-bootstrap.ts");
    const { toYamlText } = await import("../schema/to-json/yaml-text.ts");
    const bootstrap = makeBootstrap(plan);
    terminal.stdout.write(
      given.output === "json" ? `${JSON.stringify(bootstrap, undefined, 2)}\n` : toYamlText(bootstrap),
    );
    if (plan.token !== undefined) terminal.stderr.write("note: the token stands in what was printed\n");
    return exitCode.ok;
  },
});

async function planOf(given: FlagValues<typeof flags>, terminal: Terminal): Promise<BootstrapPlan> {
  const { node, cluster, tlsCa, tlsCert, tlsKey, tlsServerName, admin } = given;
  if (!node || !cluster) throw usage("expected --node and --cluster");
  if (given.sotw && given.delta) throw usage("expected --sotw or --delta, not both");
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw usage(tlsCert === undefined ? "--tls-key needs --tls-cert" : "--tls-cert needs --tls-key");
  }
  if (tlsCa === undefined && (tlsCert ?? tlsServerName) !== undefined) {
    throw usage(`${tlsCert === undefined ? "--tls-server-name" : "--tls-cert"} needs --tls-ca`);
  }
  const { readToken } = await import("./read-token.ts");
  const token = await readToken(given.tokenFile, terminal);
  return {
    nodeId: node,
    nodeCluster: cluster,
    xds: given.xdsAddress,
    mode: given.sotw ? "sotw" : "delta",
    ...(tlsCa !== undefined && {
      tls: {
        ca: tlsCa,
        ...(tlsCert !== undefined && tlsKey !== undefined && { own: { cert: tlsCert, key: tlsKey } }),
        serverName: tlsServerName ?? given.xdsAddress.host,
      },
    }),
    ...(token !== undefined && { token }),
    ...(admin !== undefined && { admin: adminAddress(admin) }),
  };
}

function adminAddress(text: string): NonNullable<BootstrapPlan["admin"]> {
  try {
    return parseListenAddress(text);
  } catch (error) {
    throw usage(`--admin ${text}: ${errorMessage(error)}`, error);
  }
}

function usage(message: string, cause?: unknown): CommandError {
  return new CommandError(exitCode.usage, message, undefined, { cause });
}
