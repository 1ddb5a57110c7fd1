import { formatIp, parseIp } from "../base/ip-address.ts";
import { hasErrors } from "../base/problem.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { userTypeFlags } from "./common-flags.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { listFlag, optionalTextFlag } from "./flag.ts";
import { outputFlag, writeReport } from "./output.ts";

/** `chancery trace-ip`: what becomes of a client's address on its way through a configuration. */
export const traceIpCommand = defineCommand({
  name: "trace-ip",
  summary: "walk a client's address through a configuration, and show where it is lost",
  details: [
    "Says at each hop what the address will be: TCP source, PROXY header, x-forwarded-for, whom the hop takes for the client, and",
    "what goes to the upstream; who could forge it; where it is lost, by which line, and what to do. A hop is a group, a listener,",
    "GROUP/LISTENER or GROUP/LISTENER/CLUSTER, and =IP behind it says which address the next hop sees. Without --through each",
    "listener is a trace of its own. Exits 0 when the last upstream is told the address, 1 when not, 65 when DIR has errors.",
  ].join(" "),
  arguments: [{ name: "DIR", description: "a folder, or an Envoy bootstrap" }],
  flags: {
    from: optionalTextFlag("IP", "the client's address; needed"),
    through: listFlag("HOP", "the hops in their order; may repeat"),
    via: optionalTextFlag("IP", "a load balancer in front, which writes a PROXY header", {
      defaultText: "one, where the first listener demands a header",
    }),
    xff: listFlag("IP", "what x-forwarded-for already has when it comes in"),
    output: outputFlag,
    ...userTypeFlags,
    color: colorFlag,
  },
  examples: [
    { line: "trace-ip ./config --from 203.0.113.7 --through edge,inner", explains: "through two groups" },
    {
      line: "trace-ip envoy.yaml --from 203.0.113.7 --xff 198.51.100.9",
      explains: "one bootstrap, and a client that already brings a header",
    },
    {
      line: "trace-ip ./config --from 203.0.113.7 --via 10.0.0.1 --through lb/public/web=10.0.0.2,edge -o json",
      explains: "with addresses of machines, for programs",
    },
  ],
  async run({ args, flags, terminal }) {
    const path = args[0]!;
    const from = addressOf("--from", flags.from);
    if (from === undefined) throw new CommandError(exitCode.usage, "expected --from with an IP address");
    const via = addressOf("--via", flags.via);
    const { readConfiguration } = await import("./read-input.ts");
    const files = await readConfiguration(path, terminal);
    const { loadSchemaWith } = await import("./user-schema.ts");
    const { readViews } = await import("../checks/client-ip/read-views.ts");
    const { views, problems } = readViews(await loadSchemaWith(flags, terminal), files);
    if (hasErrors(problems)) {
      const { renderProblems } = await import("./render-problems.ts");
      const colors = colorsFor(flags.color, terminal.env, terminal.stderr);
      const texts = new Map(files.map((file) => [file.shownAs ?? file.path, file.text]));
      const errors = problems.filter(({ severity }) => severity === "error");
      terminal.stderr.write(renderProblems(errors, { colors, textOf: (file) => texts.get(file) }));
      throw new CommandError(
        exitCode.unreadableInput,
        `${path} has errors`,
        `chancery validate ${path} shows all`,
      );
    }
    const { findHops } = await import("./trace-ip/find-hops.ts");
    const { arrives, traceChain } = await import("../checks/client-ip/trace-chain.ts");
    const { formatTrace } = await import("./trace-ip/format-trace.ts");
    const { traceDocument } = await import("./trace-ip/trace-document.ts");
    const traces = findHops(views, flags.through).map((hops) => {
      const isDemanded = hops[0]?.settings.listenerFilters.some(
        (filter) => filter.kind === "proxy-protocol" && !filter.isOptional,
      );
      const front = via ?? (isDemanded ? "<load balancer>" : undefined);
      return traceChain(hops, {
        from,
        ...(front !== undefined && { via: front }),
        ...(flags.xff.length > 0 && { xff: flags.xff }),
      });
    });
    const isGood = traces.every(arrives);
    const documents = traces.map(traceDocument);
    await writeReport(terminal, flags.output, {
      kind: "AddressTrace",
      document: { from, arrives: isGood, traces: documents },
      lines: documents,
      text: () => {
        const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
        return traces.map((trace) => formatTrace(trace, colors)).join("\n");
      },
    });
    return isGood ? exitCode.ok : exitCode.failure;
  },
});

/** In the one form that addresses are compared in. */
function addressOf(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bytes = parseIp(text);
  if (bytes) return formatIp(bytes);
  throw new CommandError(exitCode.usage, `${flag} ${text}: expected an IP address, such as 203.0.113.7`);
}
