import type { Lint } from "./lint.ts";
import { fieldWithoutEffect } from "./lints/field-without-effect.ts";
import { originalSrcUnrestored } from "./lints/original-src-unrestored.ts";
import { proxyProtocolHealthCheck } from "./lints/proxy-protocol-health-check.ts";
import { proxyProtocolHttp2 } from "./lints/proxy-protocol-http2.ts";
import { proxyProtocolIdleTimeout } from "./lints/proxy-protocol-idle-timeout.ts";
import { proxyProtocolNoReuse } from "./lints/proxy-protocol-no-reuse.ts";
import { proxyProtocolOrder } from "./lints/proxy-protocol-order.ts";
import { proxyProtocolTwice } from "./lints/proxy-protocol-twice.ts";
import { proxyProtocolUdp } from "./lints/proxy-protocol-udp.ts";
import { proxyProtocolUnrestricted, proxyProtocolUntrusted } from "./lints/proxy-protocol-untrusted.ts";
import { tlvsNotKept } from "./lints/tlvs-not-kept.ts";
import { tlvsShared } from "./lints/tlvs-shared.ts";
import { tlvsOnV1 } from "./lints/tlvs-on-v1.ts";
import { xffNotAppended } from "./lints/xff-not-appended.ts";
import { xffTrustedHops } from "./lints/xff-trusted-hops.ts";

/** Every lint; each has a section in docs/lints.md with a wrong and a right example. */
export const lints: readonly Lint[] = [
  proxyProtocolNoReuse,
  proxyProtocolIdleTimeout,
  proxyProtocolHttp2,
  proxyProtocolUdp,
  proxyProtocolHealthCheck,
  proxyProtocolTwice,
  proxyProtocolUntrusted,
  proxyProtocolUnrestricted,
  proxyProtocolOrder,
  originalSrcUnrestored,
  xffNotAppended,
  xffTrustedHops,
  tlvsOnV1,
  tlvsNotKept,
  tlvsShared,
  fieldWithoutEffect,
];
