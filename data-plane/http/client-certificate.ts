import type { HttpConnectionManager } from "../../src/schema/api.ts";
import type { CertificateFacts } from "../network/certificate-facts.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { TlsConnection } from "../network/tls-connection.ts";
import { wrapped } from "../resources/values.ts";

/** What becomes of `x-forwarded-client-cert`: `forward_client_cert_details`. */
type Forwarding = "SANITIZE" | "FORWARD_ONLY" | "APPEND_FORWARD" | "SANITIZE_SET" | "ALWAYS_FORWARD_ONLY";

/** What is told of a client's certificate in it. */
export interface ClientCertificateRule {
  readonly forwarding: Forwarding;
  /** In Envoy's order: `set_current_client_cert_details`. */
  readonly details: readonly ("Cert" | "Chain" | "Subject" | "URI" | "DNS")[];
}

const forwardings: readonly Forwarding[] = [
  "SANITIZE",
  "FORWARD_ONLY",
  "APPEND_FORWARD",
  "SANITIZE_SET",
  "ALWAYS_FORWARD_ONLY",
];

export function clientCertificateRule(manager: HttpConnectionManager): ClientCertificateRule {
  const current = manager.set_current_client_cert_details;
  const isWanted = {
    Cert: current?.cert ?? false,
    Chain: current?.chain ?? false,
    Subject: wrapped(current?.subject, false, false),
    URI: current?.uri ?? false,
    DNS: current?.dns ?? false,
  };
  return {
    forwarding: forwardings.find((one) => one === manager.forward_client_cert_details) ?? "SANITIZE",
    details: (["Cert", "Chain", "Subject", "URI", "DNS"] as const).filter((detail) => isWanted[detail]),
  };
}

const NAME = "x-forwarded-client-cert";

/** Sets, keeps or removes the header by the rule; a client that showed no certificate is not believed one. */
export function forwardClientCertificate(
  headers: HeaderList,
  { forwarding, details }: ClientCertificateRule,
  tls: TlsConnection | undefined,
): void {
  if (forwarding === "ALWAYS_FORWARD_ONLY") return;
  if (forwarding === "SANITIZE" || !tls?.peer) {
    headers.remove(NAME);
    return;
  }
  if (forwarding === "FORWARD_ONLY") return;
  const own = certificateText(tls.peer, tls.local, details);
  const before = forwarding === "APPEND_FORWARD" ? headers.get(NAME) : undefined;
  headers.set(NAME, before === undefined || before === "" ? own : `${before},${own}`);
}

type Detail = ClientCertificateRule["details"][number];

const tellers: Readonly<Record<Detail, (peer: CertificateFacts) => readonly string[]>> = {
  Cert: ({ urlEncodedPem }) => [`Cert="${urlEncodedPem}"`],
  Chain: ({ urlEncodedChain }) => [`Chain="${urlEncodedChain}"`],
  Subject: ({ subject }) => [`Subject="${subject}"`],
  URI: (peer) => peer.namesOf("uri").map((uri) => `URI=${uri}`),
  DNS: (peer) => peer.namesOf("dns").map((dns) => `DNS=${dns}`),
};

function certificateText(
  peer: CertificateFacts,
  local: CertificateFacts | undefined,
  details: readonly Detail[],
): string {
  const by = (local?.namesOf("uri") ?? []).map((uri) => `By=${uri}`);
  const told = details.flatMap((detail) => tellers[detail](peer));
  return [...by, `Hash=${peer.fingerprint256}`, ...told].join(";");
}
