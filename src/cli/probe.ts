import { errorMessage } from "../base/error-message.ts";
import { parseListenAddress } from "../server/listen-address.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { type CommandDefinition, defineCommand } from "./command.ts";
import { durationFlag } from "./duration.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { choiceFlag, ownFlag, switchFlag } from "./flag.ts";
import type { LoadHeaderCodec } from "./header-codec.ts";
import { outputFlag, writeReport } from "./output.ts";
import type { ProbeOptions } from "./probe/run-probe.ts";

const versionsOf = { both: ["V1", "V2"], v1: ["V1"], v2: ["V2"] } as const;

/** `chancery probe`: what does an upstream make of the header? */
export function probeCommand(loadCodec: LoadHeaderCodec): CommandDefinition {
  return defineCommand({
    name: "probe",
    summary: "find out whether an upstream reads PROXY headers, and whether it demands them",
    details: [
      "Opens up to 12 connections: with no header, with one that names nobody (UNKNOWN, LOCAL), with a broken one, and one with the",
      "connection's own addresses, each before the same HTTP request (HEAD /), TLS ClientHello, or nothing where the server speaks",
      "first. From the differences it says whether the upstream understands, demands, ignores or rejects the header. Exits 0 when",
      "it understands (and perhaps demands) it, 1 when not, 2 when that cannot be told or nobody answers, 124 after --timeout.",
    ].join(" "),
    arguments: [{ name: "HOST:PORT", description: "the upstream, as a cluster would reach it" }],
    flags: {
      version: ownFlag(
        choiceFlag(["both", "v1", "v2"], "both", "the version to try", { placeholder: "VERSION" }),
      ),
      tls: ownFlag(switchFlag("the upstream speaks TLS")),
      http: ownFlag(switchFlag("the upstream speaks HTTP/1")),
      wait: ownFlag(durationFlag("how long to wait for each answer", "1s")),
      timeout: durationFlag("how long it may take in all", "15s"),
      output: outputFlag,
      color: colorFlag,
    },
    examples: [
      { line: "probe 10.0.0.7:8080", explains: "before a cluster sends headers to it" },
      { line: "probe db.internal:5432 --version v2 --wait 3s", explains: "a slow one, version 2 alone" },
      { line: "probe 10.0.0.7:443 --tls -o json", explains: "evidence for a program" },
    ],
    async run({ args, flags, terminal }) {
      const target = args[0]!;
      const { host, port } = targetOf(target);
      const { runProbe } = await import("./probe/run-probe.ts");
      const { ask } = await import("./probe/ask.ts");
      const { httpRequest, messageOf } = await import("./probe/messages.ts");
      const { clientHello } = await import("./probe/client-hello.ts");
      const { attemptText, formatProbe } = await import("./probe/format.ts");
      const { describeReply, replyOf } = await import("./probe/reply.ts");
      const codec = await loadCodec();
      const payloads = { nothing: Buffer.alloc(0), http: httpRequest(host), tls: await clientHello(host) };
      const options: ProbeOptions = {
        versions: versionsOf[flags.version],
        payloads: [...(flags.tls ? (["tls"] as const) : []), ...(flags.http ? (["http"] as const) : [])],
      };
      const signal = AbortSignal.timeout(flags.timeout);
      const result = await runProbe(options, (attempt) =>
        ask({ host, port, waitMs: flags.wait, signal }, (ends) => messageOf(attempt, ends, payloads, codec)),
      ).catch((cause: unknown) => {
        if (!signal.aborted) throw cause;
        const message = `${target} did not answer everything within ${flags.timeout / 1000}s`;
        throw new CommandError(exitCode.timeout, message, "--timeout gives it longer", { cause });
      });
      const evidence = result.tried.map(({ attempt, observation }) => ({
        ...attempt,
        tried: attemptText(attempt),
        reply: describeReply(replyOf(observation)),
      }));
      const { overall, versions, takesAddresses } = result;
      await writeReport(terminal, flags.output, {
        kind: "Probe",
        document: {
          target,
          verdict: overall.kind,
          confidence: overall.confidence,
          versions,
          ...(takesAddresses === undefined ? {} : { takesAddresses }),
          evidence,
        },
        text: () => formatProbe(target, result, colorsFor(flags.color, terminal.env, terminal.stdout)),
      });
      if (overall.kind === "cannot-tell") return exitCode.undecided;
      return overall.kind === "demands" || overall.kind === "understands" ? exitCode.ok : exitCode.failure;
    },
  });
}

function targetOf(text: string): { readonly host: string; readonly port: number } {
  try {
    return parseListenAddress(text);
  } catch (error) {
    const message = errorMessage(error);
    throw new CommandError(exitCode.usage, `${text}: ${message}`, undefined, { cause: error });
  }
}
