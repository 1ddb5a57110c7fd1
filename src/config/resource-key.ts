/** One text for a type URL and a name, to look both up at once. Type URLs hold no space. */
export function resourceKey(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}
