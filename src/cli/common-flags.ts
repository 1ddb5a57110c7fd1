import { parseListenAddress, type ListenAddress } from "../server/listen-address.ts";
import { type Flag, listFlag, optionalTextFlag, switchFlag } from "./flag.ts";

export const quietFlag: Flag<boolean> = switchFlag("say only what went wrong", { short: "q" });
export const verboseFlag: Flag<boolean> = switchFlag("say more", { short: "v" });

/** More types than Envoy's own. */
export const userTypeFlags = {
  descriptors: listFlag(
    "FILE",
    "a FileDescriptorSet with more types, as `buf build` or `protoc` make it; may repeat",
  ),
  protoPath: listFlag("DIR", "a folder of .proto files with more types; may repeat"),
};

/** A flag whose value is `HOST:PORT`. */
export function addressFlag(description: string, fallback: string): Flag<ListenAddress> {
  return {
    description,
    placeholder: "HOST:PORT",
    default: parseListenAddress(fallback),
    defaultText: fallback,
    parse: (text) => parseListenAddress(text),
  };
}

/** Where a running `chancery serve` is asked. */
export const adminAddressFlag: Flag<ListenAddress> = addressFlag(
  "the admin API of the server to ask",
  "127.0.0.1:19000",
);

/** What is shown to it. */
export const adminTokenFlag = optionalTextFlag("FILE", "a file with the token that the server asks for");
