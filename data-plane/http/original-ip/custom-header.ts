import { socketAddress } from "../../../src/base/ip-address.ts";
import type { Extension, OriginalIp, OriginalIpDetection } from "../../resources/extension.ts";
import { asType } from "../../resources/message-type.ts";
import { parsed } from "../../resources/parsed.ts";
import { unsupportedFields } from "../../resources/support.ts";
import { statusNumber } from "../status-number.ts";

const typeName = "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig";

const support = {
  header_name: true,
  allow_extension_to_set_address_as_trusted: true,
  reject_with_status: { code: true },
} as const;

/** `envoy.http.original_ip_detection.custom_header`: the address that a header of any name tells (PP-73). */
export const customHeaderDetection: Extension<OriginalIpDetection> = {
  typeName,
  parse(message, _context, path) {
    const config = asType(typeName, message);
    const name = (config.header_name ?? "").toLowerCase();
    const isTrusted = config.allow_extension_to_set_address_as_trusted ?? false;
    const code = config.reject_with_status && statusNumber(config.reject_with_status.code);
    // Out of this range Envoy answers 403.
    const status = code !== undefined && code >= 400 && code <= 511 ? code : 403;
    const otherwise: OriginalIp = config.reject_with_status
      ? { kind: "reject", status }
      : { kind: "unknown" };
    const detection: OriginalIpDetection = {
      detect(headers) {
        const value = headers.get(name);
        const address = value === undefined ? undefined : socketAddress(value, 0);
        return address ? { kind: "detected", address, isTrusted } : otherwise;
      },
      appendsXff: () => false,
    };
    return parsed(() => detection, unsupportedFields(message, support, path));
  },
};
