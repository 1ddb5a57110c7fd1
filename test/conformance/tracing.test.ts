import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { gitRepository } from "../kit/git-repository.ts";
import { needs } from "../kit/peers.ts";
import { adsDelta, RawXdsClient } from "../kit/raw-xds-client.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { urlOf } from "../xds/session-client.ts";

describe("a revision that is served", needs("git"), () => {
  it("XDS-147 can be traced to its commit, author and time, and to the nodes that have it", async () => {
    using repository = gitRepository({ "clusters.yaml": "clusters: [{name: a}]" });
    const commit = repository.commit({ "clusters.yaml": "clusters: [{name: b}]" }, "Replace a by b");
    using state = temporaryFolder();
    await using server = new ServeProcess(repository.url, state.path);
    using client = new RawXdsClient(await server.xdsPort());
    const stream = client.open(adsDelta);
    stream.send({ node: { id: "node-1" }, type_url: urlOf("CDS") });
    const { nonce } = await stream.next();
    stream.send({ type_url: urlOf("CDS"), response_nonce: nonce });
    await server.said("all connected nodes have accepted the revision");
    const { text } = await server.get("/api/v1/revision");
    const { current } = JSON.parse(text);
    assert.deepEqual(
      [current.source.kind, current.source.commit, current.source.subject, current.source.committedAtMs],
      ["git", commit, "Replace a by b", Date.parse("2026-11-01T12:00:00Z")],
    );
    assert.match(current.source.author, /^Ann Author/);
    assert.deepEqual(current.reach, { synced: 1, refused: 0, pending: 0, ungrouped: 0, away: 0 });
  });
});
