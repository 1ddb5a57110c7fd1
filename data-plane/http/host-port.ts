/** A host without its port: `a:80` and `[::1]:80` lose it. */
export function withoutPort(host: string): string {
  const colon = portColon(host);
  return colon < 0 ? host : host.slice(0, colon);
}

/** The port of a host as a number; undefined when there is none. */
export function portOf(host: string): number | undefined {
  const colon = portColon(host);
  const text = colon < 0 ? "" : host.slice(colon + 1);
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

function portColon(host: string): number {
  const colon = host.lastIndexOf(":");
  return colon > host.lastIndexOf("]") ? colon : -1;
}
