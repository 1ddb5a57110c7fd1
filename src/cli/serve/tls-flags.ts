import { optionalTextFlag } from "../flag.ts";

/** How Envoys are to be sure of the server, and the server of them. */
export const tlsFlags = {
  tlsCert: optionalTextFlag("FILE", "PEM certificate chain: xDS is served over TLS, and never in plain text"),
  tlsKey: optionalTextFlag("FILE", "its private key; both are read again when they change"),
  tlsClientCa: optionalTextFlag("FILE", "PEM CAs: clients without a certificate of them are not served"),
};
