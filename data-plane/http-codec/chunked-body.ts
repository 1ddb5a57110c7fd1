import { unreachable } from "../../src/base/unreachable.ts";
import type { CodecError } from "./codec-error.ts";
import { badMessage } from "./codec-error.ts";

/** What one step over a chunked body found; `next` is where the next step begins. */
export type ChunkStep =
  /** All bytes were looked at. */
  | { readonly kind: "more" }
  | { readonly kind: "data"; readonly data: Buffer; readonly next: number }
  /** The last chunk: what follows is the trailer section. */
  | { readonly kind: "last"; readonly next: number }
  | { readonly kind: "bad"; readonly error: CodecError };

type State = "size-start" | "size" | "after-size" | "extension" | "size-line-feed" | "data" | "data-end";

const more: ChunkStep = { kind: "more" };
const LF = 10;
const CR = 13;
const SEMICOLON = 59;
/** What stands behind a size may say no more than this. */
const maxExtensionBytes = 16 * 1024;

/** Takes chunks apart (RFC 9112, section 7.1). One for each body; state between the pieces that bytes arrive in is all it keeps. */
export class ChunkedBody {
  #state: State = "size-start";
  #size = 0;
  #extensionBytes = 0;

  /** Looks at `bytes` from `at` on, as far as the next thing there is to tell. */
  step(bytes: Buffer, at: number): ChunkStep {
    let from = at;
    while (from < bytes.length) {
      if (this.#state === "data") {
        const end = Math.min(bytes.length, from + this.#size);
        this.#size -= end - from;
        if (this.#size === 0) this.#state = "data-end";
        return { kind: "data", data: bytes.subarray(from, end), next: end };
      }
      const code = bytes[from]!;
      from += 1;
      const reason = this.#take(code);
      if (reason !== undefined) return { kind: "bad", error: badMessage(reason) };
      if (this.#isBehindLastSize()) return { kind: "last", next: from };
    }
    return more;
  }

  #isBehindLastSize(): boolean {
    return this.#state === "data" && this.#size === 0;
  }

  /** One byte outside of data; the reason, if it must not be there. */
  #take(code: number): string | undefined {
    switch (this.#state) {
      case "size-start":
      case "size":
        return this.#takeSize(code);
      case "after-size":
      case "extension":
        return this.#takeExtension(code);
      case "size-line-feed":
        if (code !== LF) return "a carriage return within a chunk's first line";
        this.#state = "data";
        return undefined;
      case "data":
      case "data-end":
        // Envoy passes over what stands between the data and its line break; it goes nowhere.
        if (code === LF) this.#state = "size-start";
        return undefined;
      default:
        return unreachable(this.#state);
    }
  }

  #takeSize(code: number): string | undefined {
    const digit = hexValue(code);
    if (digit >= 0) {
      if (this.#state === "size-start") this.#size = 0;
      this.#size = this.#size * 16 + digit;
      this.#state = "size";
      return this.#size > Number.MAX_SAFE_INTEGER ? "a chunk size out of range" : undefined;
    }
    if (this.#state === "size-start") return "a chunk without a size";
    this.#extensionBytes = 0;
    if (code === CR) this.#state = "size-line-feed";
    else if (code === SEMICOLON) this.#state = "extension";
    else if (code === 32 || code === 9) this.#state = "after-size";
    else return "a chunk size with an invalid character";
    return undefined;
  }

  #takeExtension(code: number): string | undefined {
    this.#extensionBytes += 1;
    if (this.#extensionBytes > maxExtensionBytes) return "a chunk extension that is too long";
    if (code === CR) this.#state = "size-line-feed";
    else if (code === LF) return "a chunk's first line that ends in a bare line feed";
    else if (this.#state === "after-size" && code === SEMICOLON) this.#state = "extension";
    else if (this.#state === "after-size" && code !== 32 && code !== 9) {
      return "a chunk size with an invalid character";
    }
    return undefined;
  }
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
