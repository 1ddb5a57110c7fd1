import { colorFlag } from "./color.ts";
import { type CommandDefinition, defineCommand } from "./command.ts";
import { addressFlag } from "./common-flags.ts";
import type { RunProxy } from "./demo/hop.ts";
import { durationFlag } from "./duration.ts";
import { exitCode } from "./exit-code.ts";
import { choiceFlag, optionalTextFlag, ownFlag } from "./flag.ts";

/** `chancery demo`: the main job on the bundled example. The data plane is passed in, since `src` may not import it. */
export function demoCommand(runProxy: RunProxy): CommandDefinition {
  return defineCommand({
    name: "demo",
    summary: "show the main job on this machine: two proxies, one request, every address",
    details: [
      "Serves the bundled quick start over xDS to two data planes, sends one request with a made-up client address",
      "through both, and shows what address each hop saw. Then it follows the folder until Ctrl-C: edit a file and see",
      "the new revision acknowledged, or the error with its line. With DIR it serves that folder instead, and waits for",
      "proxies of yours.",
    ].join(" "),
    arguments: [{ name: "DIR", description: "a folder of your own to serve", isOptional: true }],
    flags: {
      part: choiceFlag(["all", "upstream", "client"], "all", "run one part of it, for containers", {
        placeholder: "PART",
      }),
      xdsAddress: ownFlag(addressFlag("where proxies connect", "127.0.0.1:18000")),
      adminAddress: addressFlag("where status, metrics and probes are", "127.0.0.1:19000"),
      upstreamAddress: addressFlag("where the upstream listens", "127.0.0.1:10002"),
      edgeAddress: addressFlag("where the request is sent", "127.0.0.1:10000"),
      client: addressFlag("the made-up client", "203.0.113.7:40000"),
      example: optionalTextFlag(
        "DIR",
        "another example: a folder with quickstart/ and quickstart-bootstrap/ in it",
      ),
      timeout: durationFlag("how long to wait for the request to get through", "30s"),
      color: colorFlag,
    },
    examples: [
      { line: "demo", explains: "what `npm start` runs" },
      { line: "demo ./config", explains: "serve a folder of your own, and watch it" },
      { line: "demo --client 203.0.113.99:1234", explains: "another client" },
    ],
    async run({ args, flags, terminal }) {
      const { runDemo, runUpstream, runClient } = await import("./demo/run.ts");
      if (flags.part === "upstream") await runUpstream(flags, terminal);
      else if (flags.part === "client") await runClient(flags, terminal);
      else await runDemo(args[0], flags, terminal, runProxy);
      return exitCode.ok;
    },
  });
}
