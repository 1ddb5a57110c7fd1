import type { HeaderList } from "../network/header-list.ts";
import type { CodecError } from "./codec-error.ts";
import { badMessage } from "./codec-error.ts";

/** How the end of a body is found (RFC 9112, section 6.3). */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  /** To the end of the connection; responses only. */
  | { readonly kind: "until-close" };

const digits = /^\d+$/;
const none: BodyFraming = { kind: "none" };
const chunked: BodyFraming = { kind: "chunked" };
const untilClose: BodyFraming = { kind: "until-close" };

/**
 * The framing that the headers tell, strictly: two lengths, a length beside a transfer coding (unless that is allowed: it is taken
 * away then), and a coding that is not exactly `chunked` are what request smuggling is made of.
 */
export function framingOf(
  headers: HeaderList,
  isRequest: boolean,
  allowsChunkedLength = false,
): BodyFraming | CodecError {
  const { flat } = headers;
  let length: string | undefined;
  let coding: string | undefined;
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at];
    if (name === "content-length") {
      if (length !== undefined) return badMessage("more than one content-length");
      length = flat[at + 1]!;
    } else if (name === "transfer-encoding") coding = flat[at + 1]!;
  }
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked")
      return {
        status: 501,
        reason: `the transfer coding ${coding}`,
        details: "http1.invalid_transfer_encoding",
      };
    if (length === undefined) return chunked;
    if (!allowsChunkedLength)
      return badMessage(
        "both content-length and transfer-encoding",
        "http1.content_length_and_chunked_not_allowed",
      );
    // The chunks decide (RFC 9112, section 6.3), and nobody behind may think otherwise.
    headers.remove("content-length");
    return chunked;
  }
  if (length === undefined) return isRequest ? none : untilClose;
  const value = digits.test(length) ? Number(length) : Number.NaN;
  if (!Number.isSafeInteger(value)) return badMessage("content-length is no length");
  return value === 0 ? none : { kind: "length", length: value };
}
