import type { Place } from "../base/problem.ts";

/** A resource that a refusal names. */
export interface NamedResource {
  readonly name: string;
  /** What the client says of it, where the text tells it apart from the others. */
  readonly reason?: string;
  /** Where it was written, when it was made from a text. */
  readonly place?: Place;
}

/** What is looked up here of a resource. */
export interface PlacedResource {
  readonly origin?: { readonly place: Place };
}

/** How many resources one refusal is traced to. */
const mostResources = 20;

const listIntro = /Error adding\/updating (?:cluster|listener)\(s\) /g;

/**
 * The resources that the text of a refusal names, out of those of the type that the node should hold.
 *
 * Envoy's CDS and LDS texts list `NAME: reason` after `Error adding/updating cluster(s) `, separated by commas or line
 * breaks that occur in reasons too; so a known name tells where the next one begins. Other texts (RDS, duplicates)
 * name resources in passing: there a known name counts where it is quoted, introduced or no word of English (XDS-58, XC-30).
 */
export function refusedResources(
  text: string,
  resources: ReadonlyMap<string, PlacedResource>,
): readonly NamedResource[] {
  const listed = listedResources(text, resources);
  const found = listed.size > 0 ? listed : mentionedResources(text, resources);
  return [...found].slice(0, mostResources).map(([name, reason]) => {
    const place = resources.get(name)?.origin?.place;
    return { name, ...(reason ? { reason } : {}), ...(place ? { place } : {}) };
  });
}

function listedResources(text: string, resources: ReadonlyMap<string, PlacedResource>): Map<string, string> {
  const starts: { name: string; at: number; reasonAt: number }[] = [];
  const bare = text.replaceAll(listIntro, (intro) => "\n".padEnd(intro.length, "\n"));
  // A name stands at the start, after a line break or after ", ", and ": " follows it.
  for (const { index, 0: separator } of bare.matchAll(/^|\n+|, /g)) {
    const at = index + separator.length;
    const name = knownNameAt(bare, at, resources);
    if (name !== undefined && starts.at(-1)?.at !== at)
      starts.push({ name, at, reasonAt: at + name.length + 2 });
  }
  const found = new Map<string, string>();
  for (const [index, { name, reasonAt }] of starts.entries()) {
    const end = starts[index + 1]?.at ?? bare.length;
    if (!found.has(name)) found.set(name, bare.slice(reasonAt, end).replace(/[\s,]+$/, ""));
  }
  return found;
}

/** Names may hold colons themselves, so every ": " within reach is tried; a name is at most 256 characters here. */
function knownNameAt(
  text: string,
  at: number,
  resources: ReadonlyMap<string, PlacedResource>,
): string | undefined {
  for (let end = text.indexOf(": ", at); end >= 0 && end - at <= 256; end = text.indexOf(": ", end + 1)) {
    const name = text.slice(at, end);
    if (resources.has(name)) return name;
  }
  return undefined;
}

/** A word in quotes, after a word for what it is (`route r1`), or one that no sentence has (`outbound_80`). */
const mention =
  /["'`]([^"'`\n]+)["'`]|\b(?:cluster|listener|route|config|configuration|name|secret|resource) ([^\s,;'"]+)|([^\s,;'"()]*[\d_|/][^\s,;'"()]*)/gi;

function mentionedResources(
  text: string,
  resources: ReadonlyMap<string, PlacedResource>,
): Map<string, undefined> {
  const found = new Map<string, undefined>();
  for (const match of text.matchAll(mention)) {
    const word = match[1] ?? match[2] ?? match[3] ?? "";
    for (const name of [word, word.replace(/[:.!?)]+$/, "")])
      if (resources.has(name)) found.set(name, undefined);
  }
  return found;
}
