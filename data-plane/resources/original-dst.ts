import type { MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { wrapped } from "./values.ts";

/** Where ORIGINAL_DST looks for the address of the upstream, beside the restored destination of the connection. */
export interface OriginalDstConfig {
  /** A header of the request that tells it, in lower case; untrusted. */
  readonly headerName?: string;
  /** Dynamic metadata of the connection that tells it: namespace, then keys. It wins over the header. */
  readonly metadataPath?: readonly [namespace: string, ...keys: readonly string[]];
  /** The port instead of that of the address. */
  readonly port?: number;
}

/** The fields of `original_dst_lb_config` and of `OriginalDstCluster`. */
export const originalDstSupport: SupportTable = {
  use_http_header: true,
  http_header_name: true,
  upstream_port_override: true,
  metadata_key: { key: true, path: { key: true } },
};

const DEFAULT_HEADER = "x-envoy-original-dst-host";

type Form = MessageTypes["envoy.extensions.clusters.original_dst.v3.OriginalDstCluster"];

export function parseOriginalDst(form: Form | null | undefined, path: string): Parsed<OriginalDstConfig> {
  const header = form?.http_header_name ?? "";
  const problems: Problem[] = [];
  if (!form?.use_http_header && header !== "") {
    const text = `ORIGINAL_DST cluster: invalid config http_header_name=${header} and use_http_header is false. Set use_http_header to true if http_header_name is desired.`;
    problems.push(refuse(path, text));
  }
  const metadata = form?.metadata_key;
  return parsed(
    {
      ...(form?.use_http_header && { headerName: (header || DEFAULT_HEADER).toLowerCase() }),
      ...(metadata && {
        metadataPath: [metadata.key ?? "", ...(metadata.path ?? []).map(({ key = "" }) => key)] as const,
      }),
      ...(form?.upstream_port_override && { port: wrapped(form.upstream_port_override, 0, 0) }),
    },
    problems,
  );
}
