import type { LoggedEvent } from "../../server/event-log.ts";
import type { Colors } from "../color.ts";

/** What the demo says about an event of the control plane; undefined for those that it passes over. */
export function tellEvent({ kind, data }: LoggedEvent, colors: Colors): string | undefined {
  const text = (name: string) => {
    const value = data[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  switch (kind) {
    case "revision-served":
      return `revision ${colors.bold(text("revision"))} is served`;
    case "revision-refused": {
      const count = data["errors"] === 1 ? "1 error" : `${text("errors")} errors`;
      return colors.red(`the folder has ${count} and is not served; every proxy keeps what it has`);
    }
    case "connected":
      return `${colors.bold(text("node"))} connected`;
    case "disconnected":
      return `${colors.bold(text("node"))} disconnected`;
    case "group":
      if (data["group"] !== null || data["revision"] === null) return undefined;
      return colors.yellow(`${text("node")} is in no group of the folder: it keeps what it has`);
    case "acked":
      return `${colors.bold(text("node"))} ${colors.green("acknowledged")} its ${nounOf(text("typeUrl"))}`;
    case "nacked":
      return `${colors.bold(text("node"))} ${colors.red("refused")} its ${nounOf(text("typeUrl"))}: ${text("message")}`;
    case "converged":
      return colors.green(
        `revision ${text("revision")} is everywhere, ${text("tookMs")} ms after it was read`,
      );
    default:
      return undefined;
  }
}

/** `clusters` for `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
function nounOf(typeUrl: string): string {
  const name = typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
  return `${name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()}s`;
}
