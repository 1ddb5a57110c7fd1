import type { ListenAddress } from "../../server/listen-address.ts";
import { addressFlag } from "../common-flags.ts";
import { type Flag, optionalTextFlag } from "../flag.ts";

const webhookAddress: Flag<ListenAddress | undefined> = {
  ...addressFlag("where the webhook alone listens; else it is on the admin API", "127.0.0.1:0"),
  default: undefined,
  defaultText: "the admin API",
};

/** How a repository's host tells of pushes. */
export const webhookFlags = {
  webhookSecretFile: optionalTextFlag(
    "FILE",
    "git: take webhook deliveries that are signed with a secret of this file, one a line",
  ),
  webhookAddress,
};
