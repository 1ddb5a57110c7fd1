import { optionalTextFlag, switchFlag } from "../flag.ts";

/** How clients are to be sure of the server, and the server of them. */
export const securityFlags = {
  tlsCert: optionalTextFlag("FILE", "PEM certificate chain: xDS is served over TLS, and never in plain text"),
  tlsKey: optionalTextFlag("FILE", "its private key; both are read again when they change"),
  tlsClientCa: optionalTextFlag("FILE", "PEM CAs: clients without a certificate of them are not served"),
  xdsTokenFile: optionalTextFlag("FILE", "NAME TOKEN a line: xDS clients show one, or a certificate"),
  adminTokenFile: optionalTextFlag("FILE", "NAME TOKEN a line: the admin API asks for one of them"),
  adminInsecure: switchFlag("serve the admin API to other machines without a token"),
};
