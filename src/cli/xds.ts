import { addressFlag, userTypeFlags } from "./common-flags.ts";
import { colorFlag } from "./color.ts";
import { defineCommand } from "./command.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { listFlag, optionalTextFlag, ownFlag, switchFlag, textFlag } from "./flag.ts";

/** `chancery xds watch TYPE`: a client for any xDS server. */
export const xdsCommand = defineCommand({
  name: "xds",
  summary: "ask any xDS server as a node would, and show what it answers",
  details:
    "`xds watch TYPE` opens an aggregated stream, asks for TYPE (CDS, Cluster or a type URL), accepts every response and shows it, until interrupted: a line for each response, one for each resource, or JSON lines with their contents, sensitive fields masked. Exits 1 when the server ends the stream, with its status and words.",
  arguments: [
    { name: "ACTION", description: "watch" },
    { name: "TYPE", description: "CDS, Cluster, or a type URL" },
  ],
  flags: {
    server: addressFlag("the xDS server to ask", "127.0.0.1:18000"),
    delta: ownFlag(switchFlag("incremental instead of state of the world")),
    name: ownFlag(listFlag("NAME", "ask for this resource alone; may repeat")),
    nack: switchFlag("refuse every response"),
    once: switchFlag("end after the first response"),
    nodeId: textFlag("ID", "node.id", "chancery-xds-watch"),
    nodeCluster: textFlag("NAME", "node.cluster", ""),
    tokenFile: optionalTextFlag("FILE", "a file with the bearer token that the server asks for"),
    caCert: optionalTextFlag("FILE", "PEM CA of the server; the connection is TLS then"),
    clientCert: optionalTextFlag("FILE", "PEM certificate that is shown to it"),
    clientKey: optionalTextFlag("FILE", "its private key"),
    json: switchFlag("a line of JSON for each response"),
    ...userTypeFlags,
    color: colorFlag,
  },
  examples: [
    { line: "xds watch CDS", explains: "what an Envoy would get for its clusters, and every change" },
    { line: "xds watch EDS --name payments --delta --json", explains: "one set of endpoints, for scripts" },
    { line: "xds watch LDS --nack --node-id edge-7", explains: "see what the server does about a refusal" },
  ],
  async run({ args, flags, terminal }) {
    const [action, type = ""] = args;
    if (action !== "watch") throw new CommandError(exitCode.usage, `xds ${action}: expected watch`);
    const { watchXds } = await import("./xds/watch.ts");
    const { resourceTypeUrl } = await import("./xds/type-name.ts");
    const { openClient } = await import("./xds/client.ts");
    const { loadSchemaWith } = await import("./user-schema.ts");
    const schema = await loadSchemaWith(flags, terminal);
    const typeUrl = resourceTypeUrl(type, schema);
    await using client = await openClient(flags, terminal);
    await watchXds({ ...flags, schema, typeUrl, client, terminal });
    return exitCode.ok;
  },
});
