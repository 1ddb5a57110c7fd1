import type { JsonObject } from "../../kit/json.ts";
import { any, bootstrap, cluster, connectionManager, listener, route } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

/** A listener of its own for each way to find the client's address. */
const managers: Readonly<Record<string, JsonObject>> = {
  plain: {},
  remote: { use_remote_address: true },
  hops: { use_remote_address: true, xff_num_trusted_hops: 2 },
  trusting: { xff_num_trusted_hops: 1 },
  skipping: { use_remote_address: true, skip_xff_append: true },
  via: { use_remote_address: true, via: "gate" },
  internal: {
    use_remote_address: true,
    internal_address_config: { cidr_ranges: [{ address_prefix: "127.0.0.9", prefix_len: 32 }] },
  },
  header: {
    original_ip_detection_extensions: [
      {
        name: "envoy.http.original_ip_detection.custom_header",
        typed_config: any("envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig", {
          header_name: "x-client",
          allow_extension_to_set_address_as_trusted: true,
          reject_with_status: { code: "Forbidden" },
        }),
      },
    ],
  },
  xff: {
    original_ip_detection_extensions: [
      {
        name: "envoy.http.original_ip_detection.xff",
        typed_config: any("envoy.extensions.http.original_ip_detection.xff.v3.XffConfig", {
          xff_num_trusted_hops: 1,
          skip_xff_append: true,
        }),
      },
    ],
  },
};

/** The client's address as each manager sees it goes into a header of the request, where the upstream reports it. */
function addressesBootstrap(rig: Rig): JsonObject {
  const routes = [
    {
      ...route("/", "http"),
      request_headers_to_add: [
        { header: { key: "x-seen-remote", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" } },
        { header: { key: "x-seen-direct", value: "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%" } },
      ],
    },
  ];
  return bootstrap(
    Object.entries(managers).map(([name, more]) => listener(name, [connectionManager(routes, more)])),
    [cluster("http", rig.http.port)],
  );
}

const get =
  (name: string, headers: readonly string[] = [], from?: string) =>
  async (stage: Stage): Promise<JsonObject> =>
    stage.exchange(["GET / HTTP/1.1", "Host: a", ...headers, "", ""].join("\r\n"), {
      listener: name,
      ...(from !== undefined && { from }),
    });

const xff = (value: string) => `X-Forwarded-For: ${value}`;

export const scenes: readonly Scene[] = [
  scene({
    area: "addresses",
    name: "x-forwarded-for",
    bootstrap: addressesBootstrap,
    cases: {
      "without use_remote_address nothing is appended": get("plain"),
      "without use_remote_address the last address of the header is the client": get("plain", [
        xff("1.1.1.1, 2.2.2.2"),
      ]),
      "without use_remote_address an internal client may set x-envoy headers": get("plain", [
        "x-envoy-internal: true",
        "x-envoy-upstream-rq-timeout-ms: 5000",
        "x-envoy-ip-tags: t",
      ]),
      "use_remote_address appends the peer": get("remote"),
      "use_remote_address appends behind what is there": get("remote", [xff("1.1.1.1")]),
      "use_remote_address appends to the last of two headers": get("remote", [
        xff("1.1.1.1"),
        xff("2.2.2.2"),
      ]),
      "a client's x-envoy-external-address is replaced": get("remote", [
        "x-envoy-external-address: 9.9.9.9",
        xff("8.8.8.8"),
      ]),
      "a client's x-forwarded-proto is kept as far as Envoy keeps it": get("remote", [
        "x-forwarded-proto: https",
        xff("8.8.8.8"),
      ]),
      "two trusted hops take the second address from the right": get("hops", [
        xff("1.1.1.1, 2.2.2.2, 3.3.3.3"),
      ]),
      "two trusted hops and too few addresses": get("hops", [xff("3.3.3.3")]),
      "two trusted hops and a header that is no list of addresses": get("hops", [xff("a, b, c")]),
      "two trusted hops and an IPv6 client": get("hops", [xff("2001:db8::1, 3.3.3.3")]),
      "two trusted hops and a bracketed address with a port": get("hops", [xff("[2001:db8::1]:80, 3.3.3.3")]),
      "two trusted hops believe x-forwarded-proto": get("hops", [
        xff("1.1.1.1, 2.2.2.2"),
        "x-forwarded-proto: https",
      ]),
      "a trusted hop without use_remote_address": get("trusting", [xff("1.1.1.1, 2.2.2.2")]),
      "a trusted hop without use_remote_address and without a header": get("trusting"),
      "skip_xff_append leaves the header alone": get("skipping", [xff("1.1.1.1")]),
      "skip_xff_append adds none": get("skipping"),
      "via is set, or appended to": get("via", ["Via: 1.1 other"]),
      "internal ranges: a peer within": get("internal", ["x-envoy-ip-tags: t"], "127.0.0.9"),
      "internal ranges: a peer outside": get("internal", ["x-envoy-ip-tags: t"], "127.0.0.1"),
      "internal ranges: the header has one within, the peer is outside": get(
        "internal",
        [xff("127.0.0.9")],
        "127.0.0.1",
      ),
      "a custom header names the client": get("header", ["x-client: 7.7.7.7"]),
      "a custom header names an internal client, which is trusted": get("header", [
        "x-client: 10.0.0.7",
        "x-envoy-ip-tags: t",
      ]),
      "a custom header that is no address is rejected": get("header", ["x-client: nobody"]),
      "a custom header that is absent is rejected": get("header"),
      "the xff extension with a trusted hop": get("xff", [xff("1.1.1.1, 2.2.2.2")]),
      "the xff extension with too few addresses": get("xff", [xff("2.2.2.2")]),
    },
  }),
];
