import {
  parseListenAddress,
  parseServeAddress,
  type ListenAddress,
  type ServeAddress,
} from "../server/listen-address.ts";
import { durationFlag } from "./duration.ts";
import { type Flag, type FlagValues, listFlag, optionalTextFlag, switchFlag } from "./flag.ts";

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

/** Where proxies connect: `HOST:PORT`, or `unix:PATH`. */
export const xdsAddressFlag: Flag<ServeAddress> = {
  description: "where Envoys connect; port 0 picks a free one, unix:PATH is a Unix-domain socket",
  placeholder: "ADDRESS",
  default: parseServeAddress("127.0.0.1:18000"),
  defaultText: "127.0.0.1:18000",
  parse: parseServeAddress,
};

/** Who may connect to a Unix-domain socket, as permissions of its file. */
export const xdsSocketModeFlag: Flag<number> = {
  description: "permissions of the file of --xds-address unix:PATH: those who may write to it may connect",
  placeholder: "OCTAL",
  default: 0o600,
  defaultText: "0600",
  parse: (text) => {
    if (!/^0?[0-7]{3}$/.test(text)) throw new Error("expected three octal digits, such as 0660");
    return Number.parseInt(text, 8);
  },
};

/** How a running `chancery serve` is asked; `wait` and `timeout` are what the command waits for, and how long. */
export function serverFlags(wait = "how long to wait for the answer", timeout = "5s") {
  return {
    adminAddress: addressFlag("the admin API of the server to ask", "127.0.0.1:19000"),
    adminTokenFile: optionalTextFlag("FILE", "a file with the token that the server asks for"),
    timeout: durationFlag(wait, timeout),
  };
}

export type ServerFlags = FlagValues<ReturnType<typeof serverFlags>>;
