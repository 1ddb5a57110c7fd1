/** Writes a moment, in milliseconds since 1970. */
export type TimeFormat = (ms: number) => string;

type Field = (date: Date, offsetMinutes: number) => string;

const two = (value: number): string => String(value).padStart(2, "0");
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const day: Field = (date) =>
  `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${two(date.getUTCFullYear() % 100)}`;
const isoDay: Field = (date) =>
  `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
const minutes: Field = (date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
const clockTime: Field = (date, offset) => `${minutes(date, offset)}:${two(date.getUTCSeconds())}`;

/** `strftime` specifiers that are known, as absl's `FormatTime` writes them in the C locale. */
const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["Y", (date) => String(date.getUTCFullYear())],
  ["y", (date) => two(date.getUTCFullYear() % 100)],
  ["m", (date) => two(date.getUTCMonth() + 1)],
  ["d", (date) => two(date.getUTCDate())],
  ["e", (date) => String(date.getUTCDate()).padStart(2)],
  ["H", (date) => two(date.getUTCHours())],
  ["I", (date) => two(date.getUTCHours() % 12 || 12)],
  ["p", (date) => (date.getUTCHours() < 12 ? "AM" : "PM")],
  ["M", (date) => two(date.getUTCMinutes())],
  ["S", (date) => two(date.getUTCSeconds())],
  ["a", (date) => days[date.getUTCDay()]!.slice(0, 3)],
  ["A", (date) => days[date.getUTCDay()]!],
  ["b", (date) => months[date.getUTCMonth()]!.slice(0, 3)],
  ["B", (date) => months[date.getUTCMonth()]!],
  [
    "j",
    (date) =>
      String(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / 86_400_000) + 1).padStart(
        3,
        "0",
      ),
  ],
  ["u", (date) => String(date.getUTCDay() || 7)],
  ["w", (date) => String(date.getUTCDay())],
  ["D", day],
  ["F", isoDay],
  ["R", minutes],
  ["T", clockTime],
  ["z", (_date, offset) => offsetText(offset, "")],
  ["Ez", (_date, offset) => offsetText(offset, ":")],
  ["%", () => "%"],
]);

/** Specifiers with a number of digits: Envoy's `%3f` (a part of the second), absl's `%E3S` and `%E3f`. */
const specifier = /%(?:(\d?)f|E(\d|\*)(S|f)|(s)|(E?[A-Za-z%]))/g;

/**
 * Reads a format of `START_TIME(FORMAT)`; names the specifier that is not supported. `isLocal`: of this machine's time zone, else UTC.
 * An empty format is Envoy's: `2024-01-31T23:59:59.123Z`, or with the offset in place of `Z`.
 */
export function parseTimeFormat(format: string, isLocal: boolean): TimeFormat | { readonly reason: string } {
  if (/%[-_0^#]*[1-9]*[EO]?n/.test(format)) {
    return { reason: "Invalid header configuration. Format string contains newline." };
  }
  if (format === "" && !isLocal) return (ms) => new Date(ms).toISOString();
  const parts: ((ms: number, date: Date, offset: number) => string)[] = [];
  let at = 0;
  const text = format === "" ? "%Y-%m-%dT%H:%M:%E3S%z" : format;
  for (const found of text.matchAll(specifier)) {
    const literal = text.slice(at, found.index);
    if (literal !== "") parts.push(() => literal);
    at = found.index + found[0].length;
    const part = partOf(found, isLocal);
    if (!part) return { reason: `${found[0]} of a time format is not known to the bundled data plane` };
    parts.push(part);
  }
  const rest = text.slice(at);
  return (ms) => {
    const offset = isLocal ? -new Date(ms).getTimezoneOffset() : 0;
    const date = new Date(ms + offset * 60_000);
    return parts.map((part) => part(ms, date, offset)).join("") + rest;
  };
}

function partOf(
  [, fraction, digits, kind, epoch, name]: RegExpExecArray,
  isLocal: boolean,
): ((ms: number, date: Date, offset: number) => string) | undefined {
  if (fraction !== undefined) return (ms) => fractionText(ms, Number(fraction || 9));
  if (digits !== undefined) {
    const count = digits === "*" ? undefined : Number(digits);
    if (kind === "f") return (ms) => fractionText(ms, count);
    return (ms, date) => {
      const part = fractionText(ms, count);
      return two(date.getUTCSeconds()) + (part === "" ? "" : `.${part}`);
    };
  }
  if (epoch !== undefined) return (ms) => String(Math.floor(ms / 1000));
  // The name of a zone other than UTC is not to be had without a table of them.
  if (name === "Z" && !isLocal) return () => "UTC";
  const field = fields.get(name ?? "");
  return field && ((_ms, date, offset) => field(date, offset));
}

/** Digits behind the point, cut; all that are not zero when no number is given. */
function fractionText(ms: number, digits: number | undefined): string {
  const nanoseconds = String(Math.floor((((ms % 1000) + 1000) % 1000) * 1e6)).padStart(9, "0");
  return digits === undefined ? nanoseconds.replace(/0+$/, "") : nanoseconds.slice(0, digits);
}

function offsetText(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}
