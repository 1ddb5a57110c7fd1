// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * One line that is safe on a terminal: control characters (line breaks and escape sequences too) and marks that turn
 * the direction of writing stand as `\n`, `\u001b`; what is longer than `limit` characters ends in `…`.
 */
export function printable(text: string, limit = Infinity): string {
  const cut = text.length > limit ? `${text.slice(0, Math.max(0, limit - 1))}…` : text;
  return cut.replace(
    control,
    (character) => short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
