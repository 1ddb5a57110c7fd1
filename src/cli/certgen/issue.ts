import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CommandError, exitCode } from "../exit-code.ts";
import type { Leaf } from "./plan-certificates.ts";

const run = promisify(execFile);
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

export interface IssuerOptions {
  readonly openssl: string;
  readonly days: number;
  /** The folder of the CA's certificate and key. */
  readonly caFolder: string;
}

/** Issues by the `openssl` binary into a folder. Rejects with `CommandError` when there is none, or it fails. */
export class Issuer {
  readonly #folder: string;
  readonly #caFolder: string;
  readonly #openssl: string;
  readonly #days: string;

  constructor(folder: string, options: IssuerOptions) {
    this.#folder = folder;
    this.#caFolder = options.caFolder;
    this.#openssl = options.openssl;
    this.#days = String(options.days);
  }

  /** Writes `ca.crt` and `ca.key`. */
  async makeCa(commonName: string): Promise<void> {
    const extensions = [
      "basicConstraints=critical,CA:TRUE,pathlen:0",
      "keyUsage=critical,keyCertSign,cRLSign",
    ];
    const args = extensions.flatMap((extension) => ["-addext", extension]);
    const subject = ["-subj", `/CN=${commonName}`, "-days", this.#days];
    await this.#run("req", "-x509", ...newKey, ...subject, ...args, ...this.#out("ca.crt", "ca.key"));
    await this.#close("ca.crt", "ca.key");
  }

  /** Writes the certificate and the key of a leaf. */
  async issue({ file, commonName, subjectAltNames, usage }: Leaf): Promise<void> {
    const [request, extensions] = [`${file}.csr`, `${file}.ext`];
    const lines = [
      "basicConstraints=critical,CA:FALSE",
      "keyUsage=critical,digitalSignature",
      `extendedKeyUsage=${usage}`,
      `subjectAltName=${subjectAltNames.join(",")}`,
    ];
    await writeFile(join(this.#folder, extensions), `${lines.join("\n")}\n`, { mode: 0o600 });
    await this.#run(
      "req",
      "-new",
      ...newKey,
      "-subj",
      `/CN=${commonName}`,
      ...this.#out(request, `${file}.key`),
    );
    const ca = ["-CA", join(this.#caFolder, "ca.crt"), "-CAkey", join(this.#caFolder, "ca.key")];
    const signer = [...ca, "-CAserial", this.#path("ca.srl"), "-CAcreateserial"];
    const signing = [...signer, "-days", this.#days, "-extfile", this.#path(extensions)];
    await this.#run(
      "x509",
      "-req",
      "-in",
      this.#path(request),
      "-out",
      this.#path(`${file}.crt`),
      ...signing,
    );
    await this.#close(`${file}.crt`, `${file}.key`);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #out(certificate: string, key: string): string[] {
    return ["-out", this.#path(certificate), "-keyout", this.#path(key)];
  }

  /** Only their owner reads them, whatever the umask is. */
  async #close(...names: readonly string[]): Promise<void> {
    for (const name of names) await chmod(this.#path(name), 0o600);
  }

  async #run(...args: readonly string[]): Promise<void> {
    try {
      await run(this.#openssl, args);
    } catch (cause) {
      const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
      if (isMissing) {
        const hint = "install OpenSSL (apt-get install openssl), or say where it is with --openssl";
        throw new CommandError(exitCode.failure, `there is no program ${this.#openssl}`, hint, { cause });
      }
      const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
      throw new CommandError(exitCode.failure, `openssl ${args[0]} failed: ${said}`, undefined, { cause });
    }
  }
}
