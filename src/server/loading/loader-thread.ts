import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { errorMessage } from "../../base/error-message.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import { loadDescriptors } from "../../schema/load.ts";
import { Schema } from "../../schema/schema.ts";
import { loadUserTypes } from "../../schema/user-types/load-user-types.ts";
import { inlineLoader } from "./loader.ts";
import type { FromLoader, LoaderSetup, ToLoader } from "./messages.ts";
import { type Outline, Packer, type Parcel } from "./parcels.ts";

// The program of the thread that `threadLoader` starts. What is wrong with the users' types was said when the server's own
// schema was read.
const setup: LoaderSetup = workerData;
if (!parentPort) throw new Error("this is the program of a thread");
const { descriptors } = await loadUserTypes(loadDescriptors(), setup);
serve(parentPort, new Schema(descriptors));

function serve(port: MessagePort, schema: Schema): void {
  const loader = inlineLoader(schema);
  const packer = new Packer(loader.referencesOf);
  const known = new Map<string, ConfigFile>();
  let parcels: Parcel[] = [];
  let outline: Outline | undefined;

  const load = (paths: readonly string[]) => {
    const wanted = new Set(paths);
    for (const path of known.keys()) if (!wanted.has(path)) known.delete(path);
    const files = paths.flatMap((path) => known.get(path) ?? []);
    const packed = packer.pack(loader.load(files));
    parcels = [...packed.parcels].toReversed();
    ({ outline } = packed);
  };

  const next = (): FromLoader => {
    const parcel = parcels.pop();
    if (parcel) return { kind: "parcel", parcel };
    return outline ? { kind: "loaded", outline } : { kind: "failed", message: "nothing was loaded" };
  };

  const answer = (message: ToLoader): FromLoader => {
    switch (message.kind) {
      case "files":
        for (const file of message.files) known.set(file.path, file);
        return { kind: "taken" };
      case "load":
        load(message.paths);
        return next();
      case "next":
        return next();
      default:
        return unreachable(message);
    }
  };

  port.on("message", (message: ToLoader) => {
    let said: FromLoader;
    try {
      said = answer(message);
    } catch (error) {
      said = { kind: "failed", message: errorMessage(error) };
    }
    port.postMessage(said, said.kind === "parcel" ? [said.parcel.bytes.buffer] : []);
  });
}
