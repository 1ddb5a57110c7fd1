/** True when one of the endpoints is where somebody listens; on all addresses the port decides. */
export function listensWhere(endpoints: readonly string[], listensOn: string | undefined): boolean {
  if (listensOn === undefined) return false;
  const port = listensOn.slice(listensOn.lastIndexOf(":"));
  const isEverywhere = /^(?:0\.0\.0\.0|::):/.test(listensOn);
  return endpoints.some((endpoint) => endpoint === listensOn || (isEverywhere && endpoint.endsWith(port)));
}
