import type { Lint } from "../lint.ts";
import { readsHeader } from "./listener-filters.ts";

/** The header already names the client; hops counted beyond it are in the client's hand (PP-68). */
export const xffTrustedHops: Lint = {
  code: "xff-trusted-hops",
  severity: "warning",
  *check({ traffic }) {
    for (const { listener, filter } of traffic.http) {
      const hops = filter.value.xff_num_trusted_hops ?? 0;
      if (hops === 0 || !readsHeader(listener)) continue;
      yield {
        resource: listener.resource,
        path: `${filter.path}.xff_num_trusted_hops`,
        message: `the PROXY header already gives the client's address, so ${hops} trusted hop${hops === 1 ? "" : "s"} of x-forwarded-for would be taken from what the client wrote; remove xff_num_trusted_hops unless the sender of the header stands behind an HTTP proxy`,
      };
    }
  },
};
