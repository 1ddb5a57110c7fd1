/**
 * A YAML or JSON text as a tree that still knows where everything stands. Scalars are not interpreted: what
 * `yes` or `0x10` means depends on the field that it is given to, so the mapping decides (spec: ecosystem 1.8).
 *
 * Offsets are UTF-16 indexes into the text of the file; `placeOf` turns one into a line and column.
 */
export interface SourceFile {
  /** The name shown in problems: the path as the user gave it, with `/` between folders. */
  readonly name: string;
  readonly text: string;
}

interface NodeBase {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode extends NodeBase {
  readonly kind: "scalar";
  readonly value: string;
  /** Quoted and block scalars are always strings; a plain one is typed by its reader. */
  readonly isPlain: boolean;
  /** An explicit tag such as `!!str` or `!ruby/object`, if any. */
  readonly tag?: string;
}

interface SequenceNode extends NodeBase {
  readonly kind: "sequence";
  readonly items: readonly SourceNode[];
}

export interface MappingNode extends NodeBase {
  readonly kind: "mapping";
  /** In order of the text. A key that occurs twice is in here twice; readers take the last and warn. */
  readonly entries: readonly { readonly key: ScalarNode; readonly value: SourceNode }[];
}

/** An alias (`*name`) is the node of its anchor: the same object, so trees may share parts but have no cycle. */
export type SourceNode = ScalarNode | SequenceNode | MappingNode;
