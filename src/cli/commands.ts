import { bootstrapCommand } from "./bootstrap.ts";
import { certgenCommand } from "./certgen.ts";
import type { CommandDefinition, ForeignCommand } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { configCommand } from "./config.ts";
import { convertCommand } from "./convert.ts";
import { decodeCommand } from "./decode.ts";
import { demoCommand } from "./demo.ts";
import type { RunProxy } from "./demo/hop.ts";
import { diffCommand } from "./diff.ts";
import { importCommand } from "./import.ts";
import type { LoadHeaderCodec } from "./header-codec.ts";
import { probeCommand } from "./probe.ts";
import { pushCommand } from "./push.ts";
import { explainCommand } from "./explain.ts";
import { reconcileCommand } from "./reconcile.ts";
import { schemaCommand } from "./schema.ts";
import { rolloutCommand } from "./rollout.ts";
import { serveCommand } from "./serve.ts";
import { statusCommand } from "./status.ts";
import { traceIpCommand } from "./trace-ip.ts";
import { validateCommand } from "./validate.ts";
import { versionCommand } from "./version.ts";
import { whyCommand } from "./why.ts";
import { xdsCommand } from "./xds.ts";

/** Everything that `chancery` can do, in the order of help. */
export interface AllCommands {
  readonly commands: readonly CommandDefinition[];
  readonly foreign: readonly ForeignCommand[];
}

/** What commands use of the data plane; passed in, since `src` may not import it. */
export interface DataPlane {
  readonly runProxy: RunProxy;
  readonly loadCodec: LoadHeaderCodec;
}

/** The commands, with the data plane that some of them need. */
export function allCommands({ runProxy, loadCodec }: DataPlane): AllCommands {
  const foreign: readonly ForeignCommand[] = [
    { name: "proxy", summary: "run the bundled data plane from an Envoy bootstrap", run: runProxy },
  ];
  const commands: readonly CommandDefinition[] = [
    serveCommand,
    validateCommand,
    diffCommand,
    convertCommand,
    schemaCommand,
    statusCommand,
    whyCommand,
    configCommand(() => serveCommand),
    reconcileCommand,
    pushCommand,
    rolloutCommand,
    explainCommand,
    xdsCommand,
    importCommand,
    bootstrapCommand,
    certgenCommand,
    traceIpCommand,
    probeCommand(loadCodec),
    decodeCommand(loadCodec),
    demoCommand(runProxy),
    completionCommand(() => [...commands, ...foreign]),
    versionCommand,
  ];
  return { commands, foreign };
}
