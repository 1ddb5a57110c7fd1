import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { type LogLine, ServeProcess } from "../kit/chancery-process.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { within } from "../kit/within.ts";

interface Fault {
  readonly text: string;
  /** Of the first error: its place, as LINE:COLUMN, and its words. */
  readonly place: string;
  readonly words: RegExp;
  /** `bad.yaml` unless given. */
  readonly file?: string;
}

const oneCluster = (fields: string) => `clusters:\n- name: bad\n  ${fields}\n`;

const faults: Readonly<Record<string, Fault>> = {
  "a YAML syntax error": {
    text: "clusters:\n- name: bad\n   type: STATIC\n",
    place: "3:8",
    words: /indented otherwise than the keys before it/,
  },
  "a file that ends in the middle": { text: "clusters: [{name: bad", place: "1:22", words: /end|expected/i },
  "an unknown field": {
    text: oneCluster("conect_timeout: 1s"),
    place: "3:3",
    words: /conect_timeout/,
  },
  "a wrong enum value": {
    text: oneCluster("lb_policy: ROUND_ROBBIN"),
    place: "3:14",
    words: /expected ROUND_ROBIN.*found "ROUND_ROBBIN"/,
  },
  "a value of the wrong kind": {
    text: oneCluster("connect_timeout: soon"),
    place: "3:20",
    words: /soon/,
  },
  "a required field that is missing": {
    text: "listeners:\n- name: bad\n  filter_chains: [{filters: [{typed_config: null}]}]\n",
    place: "3:30",
    words: /filters\[0\]\.name value length/,
  },
  "an unknown @type": {
    text: 'resources:\n- "@type": type.googleapis.com/envoy.config.cluster.v3.Clusterr\n  name: bad\n',
    place: "2:12",
    words: /Clusterr/,
  },
  "a reference to a cluster that is not there": {
    text: `listeners:
- name: bad
  address: {socket_address: {address: 127.0.0.1, port_value: 1}}
  filter_chains:
  - filters:
    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: bad
        cluster: goood
`,
    place: "10:18",
    words: /goood/,
  },
  "a name that another file has": {
    text: "clusters:\n- name: good\n",
    place: "2:9",
    words: /"good" is defined twice/,
    file: "good.yaml",
  },
  "50 MB of text": { text: `x: ${"a".repeat(50 * 1024 * 1024)}\n`, place: "1:1", words: /limit is/ },
  "16 MB of numbers": {
    text: `clusters: [${"1,".repeat(8 * 1024 * 1024 - 10)}]\n`,
    place: "1:1",
    words: /limit is/,
  },
  "a billion laughs": { text: billionLaughs(), place: "", words: /alias/ },
  "a hundred thousand levels": { text: "[".repeat(100_000), place: "", words: /nested|deep/ },
  "bytes that are no text": { text: "clusters: \u0000\u0001\u0002\n", place: "", words: /character|byte/i },
};

function billionLaughs(): string {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]`);
  return ["l0: &l0 lol", ...levels, "clusters: *l12", ""].join("\n");
}

const isError = ({ component, level }: LogLine) => component === "config" && level === "error";
const refused = "the source is not served; the last good revision stays";

/** What a client that has just connected is served of clusters. */
async function clustersServed(port: number): Promise<readonly string[]> {
  using client = new RawXdsClient(port);
  const stream = client.open(adsSotw);
  stream.send({ node: { id: "n", cluster: "c" }, type_url: CLUSTER });
  const { resources } = await within(5000, "the clusters", stream.next());
  return resources.map(({ value }) => value.toString("hex"));
}

/** The most memory that a process ever had, in MiB, where the system tells. */
function peakMiB(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) / 1024;
}

describe("chancery serve and a folder with", { timeout: 120_000 }, () => {
  it("one bad file after another says what is wrong and where, and serves what it served", async (t) => {
    using folder = servedFolder({ "good.yaml": "clusters:\n- name: good\n" });
    await using serve = new ServeProcess(folder.path, folder.state);
    const port = await serve.xdsPort();
    await serve.said("revision is served");
    const before = await clustersServed(port);
    const beforeMiB = peakMiB(serve.child.pid);
    for (const [what, { text, place, words, file = "bad.yaml" }] of Object.entries(faults)) {
      await t.test(what, async () => {
        const from = serve.lines.length;
        folder.write("bad.yaml", text);
        await serve.lineThat(({ msg }) => msg === refused, from);
        const problem = await serve.lineThat(isError, from);
        assert.ok(String(problem["file"]).endsWith(`/${file}`), JSON.stringify(problem));
        assert.match([problem["path"], problem.msg].join(" "), words);
        if (place !== "") assert.equal(`${String(problem["line"])}:${String(problem["column"])}`, place);
        assert.ok(problem.msg.length < 2000);
        assert.deepEqual(await clustersServed(port), before);
        const repaired = serve.lines.length;
        folder.remove("bad.yaml");
        await serve.lineThat(({ msg }) => msg === "the source is good again; nothing changed", repaired);
      });
    }
    const grownMiB = (peakMiB(serve.child.pid) ?? 0) - (beforeMiB ?? 0);
    t.diagnostic(`${Math.round(grownMiB)} MiB more at most`);
    assert.ok(grownMiB < 200, `${grownMiB} MiB more`);
  });
});
