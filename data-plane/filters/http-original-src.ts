import type { Extension } from "../resources/extension.ts";
import type { HttpFilter, HttpFilterStream } from "../resources/http-filter.ts";
import { asType } from "../resources/message-type.ts";
import { originalSourceProblems } from "../resources/original-source.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";

const typeName = "envoy.extensions.filters.http.original_src.v3.OriginalSrc";

/** `envoy.filters.http.original_src`: each request goes out from the address that was detected for its client (PP-80). */
export const httpOriginalSrc: Extension<HttpFilter> = {
  typeName,
  parse(message, context, path) {
    const problems = [
      ...unsupportedFields(message, { mark: true }, path),
      ...originalSourceProblems(asType(typeName, message), context, path),
    ];
    const filter: HttpFilter = {
      kind: "stream",
      open(view): HttpFilterStream | undefined {
        if (view.remote.family !== "pipe") view.setUpstreamSource(view.remote);
        return undefined;
      },
    };
    return parsed(() => filter, problems);
  },
};
