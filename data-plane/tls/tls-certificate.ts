import type { KeyObject, X509Certificate } from "node:crypto";
import { createPrivateKey } from "node:crypto";
import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { CertificateFacts } from "../network/certificate-facts.ts";
import type { LocalData } from "../resources/data-source.ts";
import { dataSourceSupport, readDataSource } from "../resources/data-source.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";
import type { EcdsaCurve } from "./client-traits.ts";
import { readCertificates } from "./pem.ts";

type TlsCertificateMessage = MessageTypes["envoy.extensions.transport_sockets.tls.v3.TlsCertificate"];

/** What this side shows to its peers, with the key that proves it. */
export interface TlsCertificate {
  /** The leaf first. */
  readonly chainPem: Buffer;
  readonly keyPem: string | Buffer;
  readonly facts: CertificateFacts;
  /** Absent: an RSA key. */
  readonly ecdsaCurve?: EcdsaCurve;
  /** The file of the chain, or `<inline>`. */
  readonly from: string;
}

const support: SupportTable = {
  certificate_chain: dataSourceSupport,
  private_key: dataSourceSupport,
  password: dataSourceSupport,
};

/** `envoy.extensions.transport_sockets.tls.v3.TlsCertificate`, refused in Envoy's words. */
export function parseTlsCertificate(
  message: TlsCertificateMessage,
  local: LocalData,
  path: string,
): Parsed<TlsCertificate> {
  const chain = readDataSource(message.certificate_chain, local, `${path}.certificate_chain`);
  const key = readDataSource(message.private_key, local, `${path}.private_key`);
  const password = readDataSource(message.password, local, `${path}.password`);
  const problems: Problem[] = [
    ...unsupportedFields(message, support, path),
    ...chain.problems,
    ...key.problems,
    ...password.problems,
  ];
  if (!chain.value || !key.value || !password.value) return { problems };
  const { from } = chain.value;
  const wrong = (field: string, story: string): Parsed<TlsCertificate> => ({
    problems: [...problems, refuse(`${path}.${field}`, story)],
  });
  if (chain.value.bytes.length === 0) {
    const story = `Failed to load incomplete certificate from ${from}: certificate chain not set`;
    return wrong("certificate_chain", story);
  }
  if (key.value.bytes.length === 0) {
    return wrong("private_key", `Failed to load incomplete private key from path: ${key.value.from}`);
  }
  const certificates = readCertificates(chain.value.bytes);
  const leaf = certificates?.[0];
  if (!leaf) return wrong("certificate_chain", `Failed to load certificate chain from ${from}`);
  const keyKind = keyKindOf(leaf);
  if (keyKind.reason !== undefined) {
    return wrong("certificate_chain", `Failed to load certificate chain from ${from}, ${keyKind.reason}`);
  }
  const privateKey = readKey(key.value.bytes, password.value.bytes);
  if (!privateKey || !leaf.checkPrivateKey(privateKey)) {
    const cause = privateKey ? "KEY_VALUES_MISMATCH" : "the key cannot be read";
    return wrong("private_key", `Failed to load private key from ${key.value.from}, Cause: ${cause}`);
  }
  return parsed(
    {
      chainPem: chain.value.bytes,
      keyPem: privateKey.export({ type: "pkcs8", format: "pem" }),
      facts: new CertificateFacts(leaf, certificates.slice(1)),
      ...keyKind,
      from,
    },
    problems,
  );
}

const curves: readonly EcdsaCurve[] = ["prime256v1", "secp384r1", "secp521r1"];

/** The kinds of keys that Envoy takes for a certificate, or the reason why it does not take this one. */
function keyKindOf({ publicKey }: X509Certificate): {
  readonly ecdsaCurve?: EcdsaCurve;
  readonly reason?: string;
} {
  const details = publicKey.asymmetricKeyDetails;
  if (publicKey.asymmetricKeyType === "rsa") {
    if ((details?.modulusLength ?? 0) >= 2048) return {};
    return { reason: "only RSA certificates with 2048-bit or larger keys are supported" };
  }
  if (publicKey.asymmetricKeyType !== "ec") {
    return { reason: "only RSA and ECDSA certificates are supported" };
  }
  const ecdsaCurve = curves.find((curve) => curve === details?.namedCurve);
  return ecdsaCurve
    ? { ecdsaCurve }
    : { reason: "only P-256, P-384 or P-521 ECDSA certificates are supported" };
}

function readKey(key: Buffer, password: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: "pem", ...(password.length > 0 && { passphrase: password }) });
  } catch {
    return undefined; // Neither the key nor the library's words on it belong into a message.
  }
}
