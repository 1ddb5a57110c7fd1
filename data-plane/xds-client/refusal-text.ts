import type { Refusal } from "./update.ts";

/** `google.rpc.Code.INTERNAL`: what Envoy puts into every refusal. */
export const refusalCode = 13;

const maxCharacters = 4096;

/** Cuts a text the way Envoy cuts its refusals (XC-27). */
export function truncateRefusal(text: string): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}...(truncated)` : text;
}

/**
 * The message of an `error_detail` for resources that were refused one by one, in Envoy's words (XC-30). Never
 * called without a refusal. Where Envoy tells the first error alone, and without a name, this tells all by name.
 */
export function refusalText(typeUrl: string, refused: readonly Refusal[]): string {
  const named = refused.map(({ name, reason }) => `${name}: ${reason}`);
  switch (typeUrl) {
    case "type.googleapis.com/envoy.config.cluster.v3.Cluster":
      return `Error adding/updating cluster(s) ${named.join(", ")}`;
    case "type.googleapis.com/envoy.config.listener.v3.Listener":
      return `Error adding/updating listener(s) ${named.map((line) => `${line}\n`).join("")}`;
    case "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration":
      return `Error adding/updating scoped route(s): ${refused.map(({ reason }) => reason).join(", ")}`;
    case "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret":
      return named.join(", ");
    default:
      return refused.length === 1 ? refused[0]!.reason : named.join(", ");
  }
}
