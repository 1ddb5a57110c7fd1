/** What a text may cost before it is refused. Everything here can be grown by whoever writes the text. */
export interface YamlLimits {
  /**
   * Longest text in UTF-16 units. 16 Mi holds some 15,000 clusters in one file, and costs up to a second and 800 MB
   * while it is read; a larger file is a mistake or an attack.
   */
  readonly maxLength: number;
  /**
   * Most characters that can begin or end a node (`,` `:` `[` `{`, the dash of an item, line breaks), which bounds the
   * nodes before any is made. The largest file of ordinary resources has some 1.3 million; two million nodes cost about
   * 4 s and 1 GB, and "1,1,1,…" up to `maxLength` would take all memory there is.
   */
  readonly maxSeparators: number;
  /** Deepest nesting of collections, aliases followed. Envoy's own messages stay below 40. */
  readonly maxDepth: number;
  /** Most nodes that the aliases of one document may stand for ("billion laughs"). */
  readonly maxAliasNodes: number;
}

export const defaultYamlLimits: YamlLimits = {
  maxLength: 16 * 1024 * 1024,
  maxSeparators: 2_000_000,
  maxDepth: 128,
  maxAliasNodes: 1_000_000,
};
