import { serverFlags, userTypeFlags } from "./common-flags.ts";
import { colorFlag } from "./color.ts";
import { type CommandDefinition, defineCommand } from "./command.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { listed, optionalTextFlag, ownFlag, switchFlag } from "./flag.ts";
import { outputFlag } from "./output.ts";

/** What is shown of a node, and the type that it means; `all` means all. */
const resourceTypes = {
  cluster: "envoy.config.cluster.v3.Cluster",
  listener: "envoy.config.listener.v3.Listener",
  route: "envoy.config.route.v3.RouteConfiguration",
  endpoint: "envoy.config.endpoint.v3.ClusterLoadAssignment",
  secret: "envoy.extensions.transport_sockets.tls.v3.Secret",
  bootstrap: "envoy.config.bootstrap.v3.Bootstrap",
  all: undefined,
} as const;

/** `chancery config`: what a node is given and has, and what `serve` is set to. */
export function configCommand(serve: () => CommandDefinition): CommandDefinition {
  const words = Object.keys(resourceTypes);
  return defineCommand({
    name: "config",
    summary: "show what a node is given and has, or how serve is set",
    details: [
      `config ${words.join("|")} NODE asks a running \`chancery serve\` what it gives the node, and how far the node has`,
      "accepted it: a table, or the resources themselves with -o json or yaml, sensitive fields masked. With --file it shows",
      "what a dump of an Envoy holds (/config_dump?include_eds). config show tells the flags of serve with their values,",
      "--origin where each comes from; flags behind -- count as given. Exits 1 when the node is not served.",
    ].join(" "),
    arguments: [
      { name: "WHAT", description: listed([...words, "show"]) },
      {
        name: "ARGS",
        description: "the id of the node; for show, flags of serve",
        isOptional: true,
        isVariadic: true,
      },
    ],
    flags: {
      file: ownFlag(
        optionalTextFlag("FILE", "a config_dump of an Envoy, or - for stdin, instead of a server", {
          short: "f",
        }),
      ),
      origin: switchFlag("with show: where each value comes from"),
      ...serverFlags(),
      output: outputFlag,
      ...userTypeFlags,
      color: colorFlag,
    },
    examples: [
      { line: "config all edge-1", explains: "what edge-1 should have, and what it has" },
      { line: "config cluster edge-1 -o yaml", explains: "its clusters as they are served" },
      { line: "config listener --file config_dump.json", explains: "what an Envoy says that it has" },
      { line: "config show --origin", explains: "what serve would take from flags and environment" },
    ],
    async run({ args: [what = "", ...args], flags, terminal }) {
      if (what === "show") {
        const { showSettings } = await import("./config/show-settings.ts");
        return showSettings(
          { command: serve(), args, hasOrigin: flags.origin, output: flags.output },
          terminal,
        );
      }
      if (!isResourceWord(what))
        throw new CommandError(exitCode.usage, `config ${what}: expected ${listed([...words, "show"])}`);
      const type = resourceTypes[what];
      if (flags.file !== undefined) {
        if (args.length > 0)
          throw new CommandError(exitCode.usage, "--file shows what is in the file; name no node with it");
        const { showDump } = await import("./config/show-dump.ts");
        return showDump({ ...flags, type, file: flags.file }, terminal);
      }
      const [node] = args;
      if (node === undefined || args.length > 1)
        throw new CommandError(exitCode.usage, `config ${what}: expected the id of one node, or --file`);
      if (what === "bootstrap") {
        const hint = "config bootstrap --file shows the one in a dump of /config_dump";
        throw new CommandError(
          exitCode.usage,
          "a control plane does not know the bootstrap of its nodes",
          hint,
        );
      }
      const { showNode } = await import("./config/show-node.ts");
      return showNode({ ...flags, node, type }, terminal);
    },
  });
}

function isResourceWord(word: string): word is keyof typeof resourceTypes {
  return Object.hasOwn(resourceTypes, word);
}
