import { isIP } from "node:net";

export interface CertgenPlan {
  /** `fleet` in `spiffe://fleet/…`. */
  readonly trustDomain: string;
  /** Names and addresses of the control plane; without any it gets no certificate. */
  readonly serverNames: readonly string[];
  /** `CLUSTER/ID` of the nodes; `ID` alone is of the cluster of the same name. */
  readonly nodes: readonly string[];
}

/** A certificate to issue. */
export interface Leaf {
  /** Its files are `<file>.crt` and `<file>.key`. */
  readonly file: string;
  readonly commonName: string;
  /** As openssl writes subject alternative names. */
  readonly subjectAltNames: readonly string[];
  readonly usage: "serverAuth" | "clientAuth";
}

/**
 * The certificates of a test fleet: one for the control plane, with its names, and one a node, whose only name is
 * `spiffe://DOMAIN/CLUSTER/ID`. Throws `RangeError` for what cannot be part of a name or a file.
 */
export function planCertificates({ trustDomain, serverNames, nodes }: CertgenPlan): readonly Leaf[] {
  checkPart("trust domain", trustDomain);
  const servers = serverNames.slice(0, 1).map((commonName): Leaf => ({
    file: "server",
    commonName,
    subjectAltNames: [
      ...serverNames.map((name) => alternativeName(name)),
      `URI:spiffe://${trustDomain}/chancery`,
    ],
    usage: "serverAuth",
  }));
  const leaves = nodes.map((node): Leaf => {
    const [cluster = "", id = cluster, ...more] = node.split("/");
    if (more.length > 0)
      throw new RangeError(
        `node ${JSON.stringify(node)}: expected CLUSTER/ID, found ${more.length + 2} parts`,
      );
    checkPart("node", cluster);
    checkPart("node", id);
    return {
      file: `node-${id}`,
      commonName: id,
      subjectAltNames: [`URI:spiffe://${trustDomain}/${cluster}/${id}`],
      usage: "clientAuth",
    };
  });
  const files = leaves.map(({ file }) => file);
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) throw new RangeError(`two nodes would have the file ${twice}.crt`);
  return [...servers, ...leaves];
}

function alternativeName(name: string): string {
  return isIP(name) === 0 ? `DNS:${checkPart("server name", name)}` : `IP:${name}`;
}

function checkPart(what: string, text: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(text)) return text;
  throw new RangeError(
    `${what} ${JSON.stringify(text)}: expected letters, digits, dots, dashes and underscores`,
  );
}
