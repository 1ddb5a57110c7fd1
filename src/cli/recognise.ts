// Binary protocols begin with such characters.
/* eslint-disable no-control-regex */
const starts: readonly (readonly [RegExp, string])[] = [
  [/^PROXY (?:TCP[46]|UNKNOWN)/, "a PROXY version 1 header"],
  [/^\r\n\r\n\0\r\nQUIT\n/, "a PROXY version 2 header"],
  [/^PRI \* HTTP\/2/, "an HTTP/2 connection preface"],
  [/^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH) [^ ]+ HTTP\/1/, "an HTTP/1 request"],
  [/^HTTP\/[01]/, "an HTTP/1 response"],
  [/^\x16\x03[\0-\x04]..\x01/s, "a TLS ClientHello"],
  [/^\x16\x03[\0-\x04]..\x02/s, "a TLS ServerHello"],
  [/^\x15\x03[\0-\x04]\0\x02/s, "a TLS alert"],
  [/^\0\0.\x04[\0-\x01]\0\0\0\0/s, "HTTP/2 SETTINGS"],
  [/^SSH-[12]\./, "an SSH banner"],
  [/^220[ -].*(?:SMTP|ESMTP|mail)/i, "an SMTP banner"],
  [/^220[ -]/, "an SMTP or FTP banner"],
  [/^\* OK/, "an IMAP banner"],
  [/^\+OK/, "a POP3 banner or a Redis reply"],
  [/^-(?:ERR|NOAUTH|DENIED)/, "a Redis error"],
  [/^.\0\0\0\x0a[\x20-\x7e]+\0/s, "a MySQL greeting"],
];

/**
 * What well-known protocol begins like these bytes, with its article: `a TLS ClientHello`; undefined for any other.
 * From the first 64 bytes.
 */
export function recognise(bytes: Buffer): string | undefined {
  const text = bytes.toString("latin1", 0, 64);
  return starts.find(([pattern]) => pattern.test(text))?.[1];
}
