import { Client, credentials } from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";
import { pause } from "../kit/within.ts";

/*
 * A gRPC client of grpc-js-xds, a process of its own because its xDS client is one for a whole process and never ends:
 * calls the target again and again, and prints each answer that differs from the one before.
 */

const [target = ""] = process.argv.slice(2);
const raw = (bytes: Buffer) => bytes;

register();
const client = new Client(target, credentials.createInsecure());

function call(): Promise<string> {
  const deadline = Date.now() + 5_000;
  return new Promise((resolve) => {
    client.makeUnaryRequest("/test.Backend/Name", raw, raw, Buffer.alloc(0), { deadline }, (error, answer) =>
      resolve(error ? `error ${error.code}: ${error.details}` : (answer?.toString() ?? "")),
    );
  });
}

let last: string | undefined;
for (;;) {
  const answer = await call();
  if (answer !== last) console.log(answer);
  last = answer;
  // A caller is not told that a later call would go elsewhere.
  await pause(20);
}
