import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { peerPath } from "./peers.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** A certificate and its key. PEM. */
export interface Issued {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface IssueOptions {
  /** Subject alternative names, `URI:spiffe://fleet/edge` or `IP:127.0.0.1`; empty: none at all. */
  readonly names: readonly string[];
  /** As openssl takes it. `/CN=leaf` unless given. */
  readonly subject?: string;
  /** A key of P-256 unless given. */
  readonly key?: "ec" | "rsa";
  /** From now on, 2 unless given; negative: expired. */
  readonly days?: number;
  /** `clientAuth`: good for nothing else. */
  readonly usage?: "clientAuth" | "serverAuth";
  /** An authority itself. */
  readonly isCa?: boolean;
}

/** A CA of a test's own. */
export interface TestCa extends Issued {
  /** A certificate with these subject alternative names, `URI:spiffe://fleet/edge` or `IP:127.0.0.1`. */
  issue(...names: readonly string[]): Issued;
  issueWith(options: IssueOptions): Issued;
  /** A revocation list that has these certificates on it. PEM. */
  revoke(...revoked: readonly Issued[]): Buffer;
}

/** Makes a CA, by openssl. */
export function testCa(name = "test CA"): TestCa {
  using folder = temporaryFolder();
  const [cert, key] = [folder.file("cert"), folder.file("key")];
  const extensions = ["-addext", "basicConstraints=critical,CA:TRUE"];
  openssl(
    "req",
    "-x509",
    ...newKey("ec"),
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
    ...extensions,
    ...out(cert, key),
  );
  return authority({ cert: readFileSync(cert), key: readFileSync(key) });
}

/** Flags of `chancery serve` on 127.0.0.1 that takes clients with a certificate of this CA only, which issued its own too. */
export function mutualTls(folder: TemporaryFolder, ca: TestCa): readonly string[] {
  const { cert, key } = ca.issue("IP:127.0.0.1");
  const own = ["--tls-cert", folder.put("cert", cert), "--tls-key", folder.put("key", key)];
  return [...own, "--tls-client-ca", folder.put("ca", ca.cert)];
}

/** A certificate that can issue others. */
export function authority(ca: Issued): TestCa {
  return {
    ...ca,
    issue: (...names) => issue(ca, { names }),
    issueWith: (options) => issue(ca, options),
    revoke: (...revoked) => revoke(ca, revoked),
  };
}

function issue(ca: Issued, options: IssueOptions): Issued {
  using folder = temporaryFolder();
  const [cert, key, request] = [folder.file("cert"), folder.file("key"), folder.file("request")];
  const extensions = [
    options.isCa ? "basicConstraints=critical,CA:TRUE" : "basicConstraints=CA:FALSE",
    ...(options.names.length > 0 ? [`subjectAltName=${options.names.join(",")}`] : []),
    ...(options.usage ? [`extendedKeyUsage=${options.usage}`] : []),
  ];
  const subject = options.subject ?? "/CN=leaf";
  openssl("req", "-new", "-utf8", ...newKey(options.key ?? "ec"), "-subj", subject, ...out(request, key));
  const signer = ["-CA", folder.put("ca.cert", ca.cert), "-CAkey", folder.put("ca.key", ca.key)];
  const extfile = folder.put("extensions", `${extensions.join("\n")}\n`);
  const days = String(options.days ?? 2);
  const signing = [...signer, "-CAcreateserial", "-extfile", extfile, "-days", days];
  openssl("x509", "-req", "-in", request, "-out", cert, ...signing);
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

function revoke(ca: Issued, revoked: readonly Issued[]): Buffer {
  using folder = temporaryFolder();
  const config = folder.put(
    "config",
    `[ca]\ndefault_ca=a\n[a]\ndatabase=${folder.put("index", "")}\ndefault_md=sha256\ndefault_crl_days=2\n`,
  );
  const signer = ["-cert", folder.put("ca.cert", ca.cert), "-keyfile", folder.put("ca.key", ca.key)];
  for (const [index, { cert }] of revoked.entries()) {
    openssl("ca", "-config", config, ...signer, "-revoke", folder.put(`cert-${index}`, cert));
  }
  openssl("ca", "-config", config, ...signer, "-gencrl", "-out", folder.file("crl"));
  return readFileSync(folder.file("crl"));
}

function newKey(kind: "ec" | "rsa"): string[] {
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  return [...(kind === "ec" ? ec : ["-newkey", "rsa:2048"]), "-nodes"];
}

function out(cert: string, key: string): string[] {
  return ["-out", cert, "-keyout", key];
}

function openssl(...args: readonly string[]): void {
  execFileSync(peerPath("openssl"), args, { stdio: ["ignore", "ignore", "pipe"] });
}
