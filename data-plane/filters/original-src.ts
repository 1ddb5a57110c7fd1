import type { Extension, ListenerFilter, ListenerFilterVerdict } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { originalSourceProblems } from "../resources/original-source.ts";
import { parsed } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect, unsupportedFields } from "../resources/support.ts";

const typeName = "envoy.extensions.filters.listener.original_src.v3.OriginalSrc";

const support: SupportTable = {
  mark: true,
  // Envoy 1.40 takes it and leaves the choice of the port to the system all the same (PP-76).
  bind_port: noEffect,
};

const untouched: ListenerFilterVerdict = { kind: "continue", consumed: 0 };

/** `envoy.filters.listener.original_src`: upstream connections come from the client's address as it stands now (PP-75 to PP-79). */
export const originalSrc: Extension<ListenerFilter> = {
  typeName,
  parse(message, context, path) {
    const problems = [
      ...unsupportedFields(message, support, path),
      ...originalSourceProblems(asType(typeName, message), context, path),
    ];
    const filter: ListenerFilter = {
      readMaxBytes: 0,
      open: (info) => () => {
        if (info.remote.family !== "pipe") info.originalSource = info.remote;
        return untouched;
      },
    };
    return parsed(() => filter, problems);
  },
};
