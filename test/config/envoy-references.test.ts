import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { envoyReferences } from "../../src/config/envoy-references.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  ROUTE_CONFIGURATION,
  typeNameOf,
} from "../../src/schema/type-urls.ts";
import { makeResource } from "../../src/snapshot/resource.ts";

const schema = new Schema(loadDescriptors());
const namesOf = envoyReferences(schema);

function resource(typeUrl: string, message: Record<string, unknown>) {
  return makeResource({ typeUrl, name: "x", bytes: schema.encode(typeNameOf(typeUrl), message) });
}

const edsFrom = (eds_config: object) => ({ name: "x", type: "EDS", eds_cluster_config: { eds_config } });

describe("envoyReferences()", () => {
  it("names what is looked up with the same server, each once", () => {
    const routes = [{ route: { cluster: "a" } }, { route: { cluster: "b" } }, { route: { cluster: "a" } }];
    const config = resource(ROUTE_CONFIGURATION, { name: "x", virtual_hosts: [{ name: "v", routes }] });
    assert.deepEqual(namesOf(config), [
      { typeUrl: CLUSTER, name: "a" },
      { typeUrl: CLUSTER, name: "b" },
    ]);
    assert.deepEqual(namesOf(resource(CLUSTER, edsFrom({ ads: {} }))), [
      { typeUrl: CLUSTER_LOAD_ASSIGNMENT, name: "x" },
    ]);
  });

  it("XDS-103 leaves out what another server or a file gives, which this one cannot order", () => {
    const other = { api_config_source: { grpc_services: [{ envoy_grpc: { cluster_name: "other" } }] } };
    assert.deepEqual(namesOf(resource(CLUSTER, edsFrom(other))), []);
    assert.deepEqual(namesOf(resource(CLUSTER, edsFrom({ path_config_source: { path: "/eds" } }))), []);
  });

  it("finds nothing in types that it does not know, and in bytes that are no message", () => {
    const bytes = Buffer.from([0xff]);
    assert.deepEqual(namesOf(makeResource({ typeUrl: "type.googleapis.com/my.Own", name: "x", bytes })), []);
    assert.deepEqual(namesOf(makeResource({ typeUrl: CLUSTER, name: "x", bytes })), []);
  });
});
