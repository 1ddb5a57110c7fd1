import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "../kit/json.ts";

/** Where a vector has the client connect from and to, as text of any form. */
export interface VectorAddress {
  readonly address: string;
  readonly port: number;
}

export interface VectorTlv {
  readonly type: number;
  readonly value_hex: string;
}

interface VectorBase {
  readonly id: string;
  /** `PP-12` and so on. */
  readonly rule: string;
  readonly listener?: JsonObject;
  readonly listener_filters?: readonly JsonObject[];
  readonly filter_name?: string;
  readonly filter_chain_match?: JsonObject;
  readonly tcp_proxy?: JsonObject;
  readonly cluster?: JsonObject;
  readonly transport?: JsonObject;
  readonly endpoint_tlvs?: readonly JsonObject[];
  readonly endpoint_metadata?: JsonObject;
  readonly runtime?: JsonObject;
  readonly gap_s?: number;
  readonly hold_s?: number;
  readonly half_close?: boolean;
}

/** The listener filter's configuration; the two fields that decide about a header are named. */
export type FilterConfig = JsonObject & {
  readonly allow_requests_without_proxy_protocol?: boolean;
  readonly disallowed_versions?: readonly ("V1" | "V2")[];
};

/** What a client sends, and what becomes of the connection. */
export interface ReceiveVector extends VectorBase {
  readonly direction: "receive";
  readonly config: FilterConfig;
  readonly input_hex: string | readonly string[];
  readonly expect: {
    readonly outcome: "accept" | "reject" | "wait";
    readonly remote: VectorAddress | null;
    readonly local: VectorAddress | null;
    readonly payload_hex: string | null;
    readonly tlvs?: readonly VectorTlv[];
    readonly upstream_source?: string;
    readonly half_close_forwarded?: boolean;
    readonly within_s?: readonly [number, number];
    readonly stats: Readonly<Record<string, number>>;
  };
}

/** What the client's header is made of; null: none. */
export interface VectorDownstream {
  readonly remote?: VectorAddress;
  readonly local?: VectorAddress;
  readonly tlvs?: readonly VectorTlv[];
  readonly version?: "V1" | "V2";
  readonly header_hex?: string;
}

/** What the upstream must receive first. */
export interface SendVector extends VectorBase {
  readonly direction: "send";
  readonly config: JsonObject;
  readonly downstream: VectorDownstream | null;
  readonly filter_config?: JsonObject;
  readonly expect_hex?: string;
  readonly expect_template?: string;
  readonly expect_prefix?: boolean;
  readonly payload_hex?: string;
  readonly payload_late?: boolean;
  readonly stats?: Readonly<Record<string, number>>;
}

/** What a request looks like at the backend behind the HTTP connection manager. */
export interface HttpVector extends VectorBase {
  readonly direction: "http";
  readonly config: JsonObject | null;
  readonly hcm: JsonObject;
  readonly upstream?: JsonObject;
  readonly request_headers_to_add?: readonly (readonly [string, string])[];
  readonly input_hex: string | readonly string[];
  readonly expect: {
    readonly outcome: string;
    readonly request_headers: Readonly<Record<string, string | null>>;
    readonly upstream_header_hex?: string;
    readonly upstream_header_template?: string;
    readonly upstream_source?: string;
  };
}

export interface PoolRequest {
  readonly conn: string;
  readonly downstream?: VectorDownstream | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly close_after?: boolean;
  readonly sleep_s?: number;
}

/** Which requests share an upstream connection. */
export interface PoolVector extends VectorBase {
  readonly direction: "pool";
  readonly config: JsonObject | null;
  readonly hcm?: JsonObject;
  readonly upstream: JsonObject | null;
  readonly requests: readonly PoolRequest[];
  readonly expect: {
    readonly upstream: readonly number[];
    readonly headers?: readonly string[];
    readonly upstream_closed_within_s?: readonly [number, number];
  };
}

/** What a health check sends. */
export interface HealthVector extends VectorBase {
  readonly direction: "health";
  readonly config: JsonObject | null;
  readonly health_check: JsonObject;
  readonly expect_hex?: string;
  readonly expect_template?: string;
  readonly after_hex?: string;
  readonly exact?: boolean;
  readonly read_all?: boolean;
}

/** Which bootstraps are refused. */
export interface LoadVector extends VectorBase {
  readonly direction: "load";
  readonly config: JsonObject;
  readonly upstream?: JsonObject;
  readonly expect: { readonly outcome: "refuse" | "load"; readonly message_has?: readonly string[] };
}

export type Vector = ReceiveVector | SendVector | HttpVector | PoolVector | HealthVector | LoadVector;
export type Direction = Vector["direction"];

/** All vectors, their short forms expanded. Each was recorded on Envoy 1.40.0. */
export function loadVectors(): readonly Vector[] {
  const file = fileURLToPath(import.meta.resolve("#root/test/vectors/proxy-protocol-vectors.json"));
  const vectors: readonly Vector[] = JSON.parse(readFileSync(file, "utf8"), (_key, value: unknown) =>
    typeof value === "string" ? expand(value) : value,
  );
  return vectors;
}

/** The vectors of one direction. */
export function vectorsOf<D extends Direction>(direction: D): readonly Extract<Vector, { direction: D }>[] {
  return loadVectors().filter(
    (vector): vector is Extract<Vector, { direction: D }> => vector.direction === direction,
  );
}

/** The short forms that keep the file small: `{7a*1000}` within hex, `$bytes:71*65520` for base64. */
export function expand(text: string): string {
  const bytes = /^\$bytes:([0-9a-f]+)\*(\d+)$/.exec(text);
  if (bytes) return Buffer.from(bytes[1]!.repeat(Number(bytes[2])), "hex").toString("base64");
  return text.replace(/\{([0-9a-f]+)\*(\d+)\}/g, (_match, hex: string, count: string) => hex.repeat(Number(count)));
}

/** The bytes of each separate write. */
export function writesOf(input: string | readonly string[]): readonly Buffer[] {
  return (typeof input === "string" ? [input] : input).map((hex) => Buffer.from(hex, "hex"));
}
