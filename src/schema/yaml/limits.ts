/** What a text may cost before it is refused. Everything here can be grown by whoever writes the text. */
export interface YamlLimits {
  /**
   * Longest text in UTF-16 units. 16 Mi holds some 15,000 clusters in one file, and costs up to a second and 800 MB
   * while it is read; a larger file is a mistake or an attack.
   */
  readonly maxLength: number;
  /** Deepest nesting of collections, aliases followed. Envoy's own messages stay below 40. */
  readonly maxDepth: number;
  /** Most nodes that the aliases of one document may stand for ("billion laughs"). */
  readonly maxAliasNodes: number;
}

export const defaultYamlLimits: YamlLimits = {
  maxLength: 16 * 1024 * 1024,
  maxDepth: 128,
  maxAliasNodes: 1_000_000,
};
