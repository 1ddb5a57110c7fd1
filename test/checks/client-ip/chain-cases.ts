import type { HopPlan } from "./hop-resources.ts";
import { extension } from "./hop-resources.ts";

/** Hops in the order of the way, and what comes to the first one. */
export interface ChainCase {
  readonly name: string;
  readonly hops: readonly HopPlan[];
  /** A header of a load balancer that names the client. */
  readonly header?: "V1" | "V2" | "nobody";
  readonly xff?: string;
  /** What the model must say: the upstream is told the address, or why not. */
  readonly arrives: boolean;
  readonly advice?: RegExp;
}

const edge: HopPlan = { http: { use_remote_address: true } };
const xffExtension = (fields: Record<string, unknown>) =>
  extension("xff", "http.original_ip_detection.xff.v3.XffConfig", JSON.parse(JSON.stringify(fields)));
const range = (address: string) => ({ address_prefix: address, prefix_len: 32 });

/** Where the hops of the tests open connections from, the first hop first. */
export const sources = ["127.0.0.21", "127.0.0.22", "127.0.0.23"] as const;

export const chainCases: readonly ChainCase[] = [
  {
    name: "use_remote_address at the edge, trusted by the inner one",
    hops: [edge, { http: {} }],
    arrives: true,
  },
  {
    name: "both use_remote_address, the inner one without trusted hops",
    hops: [edge, edge],
    arrives: false,
    advice: /^set xff_num_trusted_hops: 1,/,
  },
  {
    name: "both use_remote_address, one trusted hop",
    hops: [edge, { http: { use_remote_address: true, xff_num_trusted_hops: 1 } }],
    arrives: true,
  },
  {
    name: "one trusted hop too many, and a client that forges",
    hops: [edge, { http: { xff_num_trusted_hops: 1 } }],
    xff: "192.0.2.99",
    arrives: false,
    advice: /^set xff_num_trusted_hops: 0,/,
  },
  {
    name: "no use_remote_address anywhere",
    hops: [{ http: {} }, { http: {} }],
    arrives: false,
    advice: /^set use_remote_address: true$/,
  },
  {
    name: "skip_xff_append at the edge",
    hops: [{ http: { use_remote_address: true, skip_xff_append: true } }, { http: {} }],
    arrives: false,
    advice: /^remove skip_xff_append$/,
  },
  {
    name: "a forged header at an edge that appends",
    hops: [edge, { http: {} }],
    xff: "192.0.2.99",
    arrives: true,
  },
  { name: "what is no address in x-forwarded-for", hops: [{ http: {} }], xff: "unknown", arrives: false },
  {
    name: "three hops of HTTP",
    hops: [edge, edge, { http: { use_remote_address: true, xff_num_trusted_hops: 2 } }],
    arrives: false,
    advice: /^set xff_num_trusted_hops: 1,/,
  },
  {
    name: "the xff extension with trusted ranges",
    hops: [
      edge,
      {
        http: {
          original_ip_detection_extensions: [
            xffExtension({ xff_trusted_cidrs: { cidrs: [range("127.0.0.21")] } }),
          ],
        },
      },
    ],
    xff: "192.0.2.99",
    arrives: true,
  },
  {
    name: "the xff extension with ranges that the edge is not in, appending",
    hops: [
      edge,
      {
        http: {
          original_ip_detection_extensions: [
            xffExtension({ xff_trusted_cidrs: { cidrs: [range("127.0.0.99")] }, skip_xff_append: false }),
          ],
        },
      },
    ],
    arrives: false,
  },
  {
    name: "the xff extension with hops, appending",
    hops: [
      edge,
      {
        http: {
          original_ip_detection_extensions: [
            xffExtension({ xff_num_trusted_hops: 0, skip_xff_append: false }),
          ],
        },
      },
    ],
    arrives: true,
  },
  {
    name: "custom_header, which the request does not have",
    hops: [
      {
        http: {
          original_ip_detection_extensions: [
            extension("custom", "http.original_ip_detection.custom_header.v3.CustomHeaderConfig", {
              header_name: "x-real-ip",
            }),
          ],
        },
      },
    ],
    arrives: false,
    advice: /^set skip_xff_append: false/,
  },
  {
    name: "custom_header that rejects without it",
    hops: [
      {
        http: {
          original_ip_detection_extensions: [
            extension("custom", "http.original_ip_detection.custom_header.v3.CustomHeaderConfig", {
              header_name: "x-real-ip",
              reject_with_status: { code: "Forbidden" },
            }),
          ],
        },
      },
    ],
    arrives: false,
  },
  {
    name: "TCP all the way, headers of both versions",
    hops: [{ writes: "V2" }, { reads: {}, writes: "V1" }],
    arrives: true,
  },
  {
    name: "TCP without a header",
    hops: [{}, {}],
    arrives: false,
    advice: /^give the cluster an upstream_proxy_protocol/,
  },
  { name: "TCP that passes an HTTP request on", hops: [edge, {}, { http: {} }], arrives: true },
  {
    name: "a load balancer in front, and HTTP",
    hops: [{ ...edge, reads: {} }, { http: {} }],
    header: "V2",
    arrives: true,
  },
  {
    name: "a load balancer that names nobody",
    hops: [{ reads: {}, writes: "V1" }],
    header: "nobody",
    arrives: false,
  },
  {
    name: "a header that is demanded and does not come",
    hops: [{ writes: "V1" }, { ...edge, reads: {} }, { ...edge, reads: {} }],
    arrives: false,
    advice: /^give cluster hop1 of hop1 an upstream_proxy_protocol/,
  },
  {
    name: "a header that is optional and does not come",
    hops: [{ ...edge, reads: { allow_requests_without_proxy_protocol: true } }],
    arrives: true,
  },
  {
    name: "a header that HTTP does not expect",
    hops: [{ writes: "V1" }, edge],
    arrives: false,
    advice: /^put envoy\.filters\.listener\.proxy_protocol into listener_filters/,
  },
  {
    name: "a header that TCP passes on as data",
    hops: [{ writes: "V2" }, {}, { reads: {}, writes: "V1" }],
    arrives: false,
    advice: /^put envoy\.filters\.listener\.proxy_protocol into/,
  },
  {
    name: "a version that is disallowed",
    hops: [{ writes: "V1" }, { reads: { disallowed_versions: ["V1"] } }],
    arrives: false,
  },
  {
    name: "original_src behind proxy_protocol",
    hops: [{ writes: "V1" }, { reads: {}, originalSrc: "behind" }],
    arrives: true,
  },
  {
    name: "original_src before proxy_protocol",
    hops: [{ writes: "V1" }, { reads: {}, originalSrc: "before" }],
    arrives: false,
  },
  {
    name: "original_src of HTTP, by x-forwarded-for",
    hops: [edge, { http: {}, httpOriginalSrc: true }],
    arrives: true,
  },
  {
    name: "x-forwarded-for and a header, which is of the connection",
    hops: [
      { ...edge, writes: "V2" },
      { reads: {}, http: {}, writes: "V1" },
    ],
    arrives: true,
  },
];
