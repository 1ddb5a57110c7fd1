import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { mutualTls, testCa } from "../kit/certificates.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { needs } from "../kit/peers.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const clusters = "clusters: [{name: a, type: STATIC, connect_timeout: 1s}]\n";
const token = "0123456789abcdef0123456789abcdef";

describe("chancery serve, closed to strangers", () => {
  it(
    "XDS-136 XDS-137 XDS-138 takes certificates, rules and tokens from files",
    needs("openssl"),
    async () => {
      using files = temporaryFolder();
      const ca = testCa();
      const rules = `authorization: {rules: [{principals: ["spiffe://fleet/*"], node_ids: ["e*"]}]}\n`;
      using served = servedFolder({ "a.yaml": clusters, "chancery.yaml": rules });
      await using serve = new ServeProcess(served.path, served.state, [
        ...mutualTls(files, ca),
        "--admin-token-file",
        files.put("token", `ops ${token}`),
      ]);
      const own = ca.issue("URI:spiffe://fleet/1");
      using client = new RawXdsClient(
        await serve.xdsPort(),
        credentials.createSsl(ca.cert, own.key, own.cert),
      );
      const stream = client.open(adsSotw);
      stream.send({ node: { id: "e1" }, type_url: CLUSTER });
      assert.equal((await stream.next()).resources.length, 1);
      const forged = client.open(adsSotw);
      forged.send({ node: { id: "x1" }, type_url: CLUSTER });
      assert.match((await forged.ended).details, /may not be node "x1"$/);

      const address = ["--admin-address", await serve.adminAddress()];
      const stranger = await runChancery(["status", ...address]);
      assert.equal(stranger.code, 1);
      assert.match(stranger.stderr, /asks for a token/);
      const known = await runChancery(["status", ...address, "--admin-token-file", files.file("token")]);
      assert.equal(known.code, 0, known.stderr);
      assert.ok(!serve.child.output().includes(token));
    },
  );

  it("does not serve the admin API to other machines without a token, unless told to", async () => {
    using served = servedFolder({ "a.yaml": clusters });
    const { code, stderr } = await runChancery(["serve", served.path, "--admin-address", "0.0.0.0:0"]);
    assert.equal(code, 64);
    assert.match(stderr, /--admin-token-file is needed/);
    assert.match(stderr, /--admin-insecure/);
    await using serve = new ServeProcess(served.path, served.state, [
      "--admin-address",
      "0.0.0.0:0",
      "--admin-insecure",
    ]);
    await serve.said("the admin API can be reached from other machines, and asks nobody who they are");
  });

  it("says what is missing or unusable among the files", async () => {
    using served = servedFolder({ "a.yaml": clusters });
    const ends = async (...flags: string[]) => {
      const { code, stderr } = await runChancery(["serve", served.path, ...flags]);
      return [code, stderr.split("\n")[0]];
    };
    assert.deepEqual(await ends("--tls-cert", "x"), [64, "error: --tls-cert needs --tls-key"]);
    assert.deepEqual(await ends("--tls-client-ca", "x"), [
      64,
      "error: --tls-client-ca needs --tls-cert and --tls-key",
    ]);
    assert.deepEqual(await ends("--tls-cert", "/none", "--tls-key", "/none"), [
      65,
      "error: /none cannot be read: ENOENT",
    ]);
    assert.deepEqual(await ends("--xds-token-file", "/none"), [65, "error: /none cannot be read: ENOENT"]);
  });
});
