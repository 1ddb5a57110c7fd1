import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { peerPath } from "./peers.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A certificate and its key. PEM. */
export interface Issued {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A CA of a test's own. */
export interface TestCa extends Issued {
  /** A certificate with these subject alternative names, `URI:spiffe://fleet/edge` or `IP:127.0.0.1`. */
  issue(...names: readonly string[]): Issued;
}

/** Makes a CA, by openssl. */
export function testCa(name = "test CA"): TestCa {
  const ca = openssl(name, ["-addext", "basicConstraints=critical,CA:TRUE"]);
  return {
    ...ca,
    issue: (...names) =>
      openssl(
        "leaf",
        ["-addext", `subjectAltName=${names.join(",")}`, "-addext", "basicConstraints=CA:FALSE"],
        ca,
      ),
  };
}

function openssl(subject: string, more: readonly string[], issuer?: Issued): Issued {
  using folder = temporaryFolder();
  const [cert, key] = [folder.file("cert"), folder.file("key")];
  const args = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  const signing: string[] = [];
  if (issuer) {
    signing.push("-CA", folder.put("ca.cert", issuer.cert), "-CAkey", folder.put("ca.key", issuer.key));
  }
  execFileSync(
    peerPath("openssl"),
    [...args, "-subj", `/CN=${subject}`, "-out", cert, "-keyout", key, ...signing, ...more],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
