import type { Lint } from "../lint.ts";
import { readsHeader } from "./listener-filters.ts";

/** Without use_remote_address the restored address reaches no header, and the client's own header decides (PP-67). */
export const xffNotAppended: Lint = {
  code: "xff-not-appended",
  severity: "warning",
  *check({ traffic }) {
    for (const { listener, filter } of traffic.http) {
      if (!readsHeader(listener) || filter.value.use_remote_address?.value) continue;
      if (filter.value.original_ip_detection_extensions?.length) continue;
      yield {
        resource: listener.resource,
        path: `${filter.path}.use_remote_address`,
        message:
          "without use_remote_address: true the address of the PROXY header is not put into x-forwarded-for, and one that the client sent is believed instead",
      };
    }
  },
};
