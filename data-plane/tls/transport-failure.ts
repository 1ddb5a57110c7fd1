/** BoringSSL's numbers of what goes wrong, beside those of alerts, which are 1000 and the alert's own. */
const reasonNumbers: ReadonlyMap<string, number> = new Map([
  ["CERTIFICATE_VERIFY_FAILED", 125],
  ["NO_SHARED_CIPHER", 181],
  ["UNSUPPORTED_PROTOCOL", 240],
  ["WRONG_VERSION_NUMBER", 247],
  ["SSLV3_ALERT_UNEXPECTED_MESSAGE", 1010],
  ["SSLV3_ALERT_BAD_RECORD_MAC", 1020],
  ["SSLV3_ALERT_HANDSHAKE_FAILURE", 1040],
  ["SSLV3_ALERT_BAD_CERTIFICATE", 1042],
  ["SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", 1043],
  ["SSLV3_ALERT_CERTIFICATE_REVOKED", 1044],
  ["SSLV3_ALERT_CERTIFICATE_EXPIRED", 1045],
  ["SSLV3_ALERT_CERTIFICATE_UNKNOWN", 1046],
  ["SSLV3_ALERT_ILLEGAL_PARAMETER", 1047],
  ["TLSV1_ALERT_UNKNOWN_CA", 1048],
  ["TLSV1_ALERT_ACCESS_DENIED", 1049],
  ["TLSV1_ALERT_DECODE_ERROR", 1050],
  ["TLSV1_ALERT_DECRYPT_ERROR", 1051],
  ["TLSV1_ALERT_PROTOCOL_VERSION", 1070],
  ["TLSV1_ALERT_INSUFFICIENT_SECURITY", 1071],
  ["TLSV1_ALERT_INTERNAL_ERROR", 1080],
  ["TLSV1_ALERT_UNRECOGNIZED_NAME", 1112],
  ["TLSV1_ALERT_CERTIFICATE_REQUIRED", 1116],
  ["TLSV1_ALERT_NO_APPLICATION_PROTOCOL", 1120],
]);

/** BoringSSL's number of its part for TLS, in the upper byte of a code. */
const SSL_LIBRARY = 0x10000000;

/** Envoy's transport failure reason for a certificate that was refused. */
export function verifyFailure(detail: string): string {
  return failure("CERTIFICATE_VERIFY_FAILED", `:${detail}`);
}

/**
 * Envoy's transport failure reason for an error of Node's TLS, `ERR_SSL_WRONG_VERSION_NUMBER`; empty for what is none, as when the
 * server goes away. What BoringSSL has no number for is told with 0.
 */
export function handshakeFailure(code: string): string {
  if (!code.startsWith("ERR_SSL_")) return "";
  const name = code
    .slice("ERR_SSL_".length)
    .replace(/^(?:TLSV13_ALERT|TLSV1_UNRECOGNIZED)/, (text) =>
      text === "TLSV13_ALERT" ? "TLSV1_ALERT" : "TLSV1_ALERT_UNRECOGNIZED",
    );
  return failure(name, "");
}

function failure(name: string, detail: string): string {
  const number = reasonNumbers.get(name);
  const code = number === undefined ? 0 : SSL_LIBRARY + number;
  return `TLS_error:|${code}:SSL routines:OPENSSL_internal:${name}${detail}:TLS_error_end`;
}
