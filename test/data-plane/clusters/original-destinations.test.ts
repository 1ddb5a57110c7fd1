import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { OriginalDestinations } from "../../../data-plane/clusters/original-destinations.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import type { OriginalDstConfig } from "../../../data-plane/resources/original-dst.ts";
import { FakeClock } from "../../kit/fake-clock.ts";

function sceneOf(config: OriginalDstConfig = {}) {
  const clock = new FakeClock();
  const counters = { original_dst_host_invalid: 0 };
  let hosts: readonly string[] = [];
  const destinations = new OriginalDestinations({
    clusterName: "c",
    config,
    cleanupMs: 5000,
    clock,
    counters,
    onHosts: (next) => {
      hosts = next.map(({ key }) => key);
    },
  });
  destinations.start();
  return { clock, counters, destinations, hosts: () => hosts };
}

function connection(restored?: string): ConnectionInfo {
  const info = new ConnectionInfo(1, socketAddress("192.0.2.1", 1)!, socketAddress("192.0.2.2", 80)!);
  if (restored !== undefined) info.restoreLocal(socketAddress(restored, 8080)!);
  return info;
}

const request = (value: string) => {
  const headers = new HeaderList(["host", "a", "x-dst", value]);
  return { method: "GET", path: "/", headers, scheme: "http", isUpgrade: false } as const;
};

describe("OriginalDestinations", () => {
  it("chooses the restored destination, and nobody without one", () => {
    const { destinations, hosts } = sceneOf();
    const host = destinations.choose({ info: connection("198.51.100.7") });
    assert.deepEqual([host?.key, host?.hostname], ["198.51.100.7:8080", "c198.51.100.7:8080"]);
    assert.equal(destinations.choose({ info: connection("198.51.100.7") }), host);
    assert.deepEqual(hosts(), ["198.51.100.7:8080"]);
    assert.equal(destinations.choose({ info: connection() }), undefined);
    assert.equal(destinations.choose({}), undefined);
  });

  it("takes another port where it is told to", () => {
    const { destinations } = sceneOf({ port: 9 });
    assert.equal(destinations.choose({ info: connection("198.51.100.7") })?.key, "198.51.100.7:9");
  });

  it("lets a header say where to, and counts one that is no address", () => {
    const { destinations, counters } = sceneOf({ headerName: "x-dst" });
    const info = connection("198.51.100.7");
    assert.equal(destinations.choose({ info, head: request("203.0.113.5:81") })?.key, "203.0.113.5:81");
    assert.equal(destinations.choose({ info, head: request("[2001:db8::5]:81") })?.key, "[2001:db8::5]:81");
    assert.equal(destinations.choose({ info, head: request("example.com:81") })?.key, "198.51.100.7:8080");
    assert.equal(destinations.choose({ info, head: request("203.0.113.5:99999") })?.key, "198.51.100.7:8080");
    assert.equal(counters.original_dst_host_invalid, 2);
  });

  it("lets metadata of the connection win over the header", () => {
    const { destinations } = sceneOf({ headerName: "x-dst", metadataPath: ["ns", "to"] });
    const info = connection();
    info.addMetadata("ns", "to", ["203.0.113.6:82", "203.0.113.7:82"]);
    assert.equal(destinations.choose({ info, head: request("203.0.113.5:81") })?.key, "203.0.113.6:82");
  });

  it("forgets hosts an interval after their last use, and not before their connections end", () => {
    const { destinations, clock, hosts } = sceneOf();
    const idle = connection("198.51.100.7");
    const busy = destinations.choose({ info: connection("198.51.100.8") })!;
    busy.stats.cxActive = 1;
    destinations.choose({ info: idle });
    clock.advance(5000);
    assert.equal(hosts().length, 2);
    clock.advance(5000);
    assert.deepEqual(hosts(), ["198.51.100.8:8080"]);
    busy.stats.cxActive = 0;
    clock.advance(5000);
    assert.deepEqual(hosts(), []);
    destinations.stop();
    assert.equal(clock.pending, 0);
  });
});
