import { unreachable } from "../../base/unreachable.ts";
import { captureFormatOf } from "./capture/capture-format.ts";
import { versionOf } from "./dissect.ts";

/** What an input was taken for. */
export type InputForm = "hex" | "base64" | "raw" | "capture";

/** What a person gave, as bytes; `capture` is still to be searched. */
export interface ReadInput {
  readonly form: InputForm;
  readonly bytes: Buffer;
}

/**
 * Tells what form an input has, or takes it for the form that was asked for: a capture by its magic number, a header
 * as it is, hex in the manners of people and tools (`0d0a`, `0d 0a`, `0d:0a`, `\x0d\x0a`, `0x0d, 0x0a`, and the dumps
 * of xxd, hexdump -C and Wireshark), base64. Undefined when it is nothing of that.
 */
export function readInput(content: Buffer, form: InputForm | "auto"): ReadInput | undefined {
  switch (form) {
    case "raw":
      return { form, bytes: content };
    case "capture":
      return asForm(form, captureFormatOf(content) && content);
    case "hex":
      return asForm(form, fromHex(content.toString("latin1")));
    case "base64":
      return asForm(form, fromBase64(content.toString("latin1")));
    case "auto":
      return guess(content);
    default:
      return unreachable(form);
  }
}

function guess(content: Buffer): ReadInput | undefined {
  if (captureFormatOf(content)) return { form: "capture", bytes: content };
  if (versionOf(content)) return { form: "raw", bytes: content };
  const text = content.toString("latin1");
  return (
    asForm("hex", fromHex(text)) ??
    asForm("base64", fromBase64(text)) ??
    // Anything that is binary can only be meant as it is.
    // eslint-disable-next-line no-control-regex
    (/[^\t\r\n -~]/.test(text) ? { form: "raw", bytes: content } : undefined)
  );
}

function asForm(form: InputForm, bytes: Buffer | undefined): ReadInput | undefined {
  return bytes && { form, bytes };
}

function fromHex(text: string): Buffer | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  // `hexdump -C` ends in a line that is an offset alone.
  const dumped = lines.filter((line) => !/^[0-9a-f]{8}$/i.test(line));
  const matches = dumped.map((line) => dumpBytes(line));
  if (matches.length > 0 && matches.every((match) => match !== undefined)) {
    return Buffer.from(matches.join(""), "hex");
  }
  const digits = text.replaceAll(/0x|\\x|[\s:,;"'{}[\]]/gi, "");
  return digits !== "" && /^(?:[0-9a-f]{2})+$/i.test(digits) ? Buffer.from(digits, "hex") : undefined;
}

/**
 * The digits of one line of a dump: what stands between the offset and the text column. That column begins with `|`
 * (hexdump -C), behind two spaces (xxd, whose offset has a colon) or three (Wireshark).
 */
function dumpBytes(line: string): string | undefined {
  const [, colon, rest] = /^\s*[0-9a-f]{4,8}(?:(:)\s+|\s{2,})(.*)$/i.exec(line) ?? [];
  if (rest === undefined) return undefined;
  const column = rest.includes("|") ? rest.split("|")[0]! : rest.split(colon ? "  " : "   ")[0]!;
  const digits = column.replaceAll(/\s/g, "");
  return /^(?:[0-9a-f]{2})+$/i.test(digits) ? digits : undefined;
}

function fromBase64(text: string): Buffer | undefined {
  const compact = text.replaceAll(/\s/g, "");
  if (compact.length < 8 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) return undefined;
  return Buffer.from(compact, "base64");
}
