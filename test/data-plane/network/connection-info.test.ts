import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { ConnectionInfo, ownAddresses } from "../../../data-plane/network/connection-info.ts";

const remote = socketAddress("192.0.2.1", 1)!;
const local = socketAddress("192.0.2.2", 2)!;

describe("ConnectionInfo", () => {
  it("takes the socket's own address for no restoration (PP-58)", () => {
    const info = new ConnectionInfo(1, remote, local);
    info.restoreLocal({ ...local });
    assert.equal(info.isLocalRestored, false);
    info.restoreLocal({ ...local, port: 3 });
    assert.equal(info.isLocalRestored, true);
    assert.deepEqual(info.directLocal, local);
  });

  it("keeps the first value of a metadata key (PP-84)", () => {
    const info = new ConnectionInfo(1, remote, local);
    info.addMetadata("ns", "k", "one");
    info.addMetadata("ns", "k", "two");
    info.addMetadata("ns", "other", "three");
    assert.deepEqual(info.metadata("ns"), { k: "one", other: "three" });
  });
});

describe("ownAddresses()", () => {
  it("is the pair of the connection (PP-61)", () => {
    assert.deepEqual(ownAddresses({ remote, local }), { source: remote, destination: local });
  });

  it("is nothing for a unix socket or a mixed pair (section Q)", () => {
    assert.equal(ownAddresses({ remote: { family: "pipe", path: "" }, local }), undefined);
    assert.equal(ownAddresses({ remote: socketAddress("::1", 1)!, local }), undefined);
  });
});
