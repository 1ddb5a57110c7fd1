/**
 * Rewrites the literals that the parser of protobufjs reads wrongly, without changing what they mean to protoc:
 *
 * - an integer of 16 digits or more becomes a string, for as a number it would lose digits (`lte: 9223372036854775807`);
 * - `0`, `false` and `""` in an aggregate become lists of one: of `not_in: 0 not_in: 1` the parser forgets the first;
 * - a string loses the escapes that the parser drops (`\"`, `\x1f`, octal, `\u`), which stand in rules' patterns.
 *
 * Comments are passed over; they may hold quotes of their own.
 */
export function rewriteLiterals(text: string): string {
  return text.replace(
    token,
    (match: string, falsy?: string, double?: string, single?: string, integer?: string) => {
      if (falsy !== undefined) return `: [${falsy}]`;
      if (integer !== undefined) return `"${integer}"`;
      const body = double ?? single;
      return body?.includes("\\") === true ? quote(unescape(body)) : match;
    },
  );
}

const token = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`:\s*(-?0(?:\.0*)?|false|""|'')(?![\w.]|\s*["'])`,
    String.raw`"((?:[^"\\\n]|\\.)*)"`,
    String.raw`'((?:[^'\\\n]|\\.)*)'`,
    String.raw`(?<![\w.])(-?\d{16,})(?![\w.])`,
  ].join("|"),
  "g",
);

const escape = /\\(?:([0-7]{1,3})|[xX]([\da-fA-F]{1,2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/g;

const controls: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The escapes of the protobuf language, `String literals` of its specification. */
function unescape(body: string): string {
  return body.replace(
    escape,
    (_, octal?: string, hex?: string, short?: string, long?: string, letter: string = "") => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const code = hex ?? short ?? long;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      return controls[letter] ?? letter;
    },
  );
}

/** A literal, or two and more that stand for one, which need no escape but for backslash and line ends. */
function quote(value: string): string {
  return value
    .split(/(")/)
    .map((part) =>
      part === '"' ? `'"'` : `"${part.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/\r/g, "\\r")}"`,
    )
    .join(" ");
}
