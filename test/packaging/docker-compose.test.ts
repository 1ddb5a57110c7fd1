import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { load } from "js-yaml";
import { repositoryPath } from "../docs/code-blocks.ts";
import { validateWithEnvoy } from "../kit/envoy.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs, peerPath } from "../kit/peers.ts";

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly network_mode?: string;
  readonly volumes?: readonly string[];
}

function services(): Readonly<Record<string, Service>> {
  const text = execFileSync(peerPath("docker-compose"), ["config"], {
    cwd: dirname(repositoryPath("docker-compose.yml")),
    encoding: "utf8",
  });
  const { services: found }: { services: Record<string, Service> } = JSON.parse(JSON.stringify(load(text)));
  return found;
}

describe("docker-compose.yml", needs("docker-compose"), () => {
  it("is the quick start with Envoy 1.40 as the edge", () => {
    const found = services();
    assert.deepEqual(Object.keys(found).sort(), ["chancery", "client", "edge", "inner", "upstream"]);
    assert.equal(found["edge"]?.image, "envoyproxy/envoy:v1.40.0");
    assert.deepEqual(found["chancery"]?.command.slice(0, 1), ["serve"]);
    assert.deepEqual(found["inner"]?.command.slice(0, 1), ["proxy"]);
  });

  it("puts everything into one network namespace, so that loopback addresses are right", () => {
    for (const [name, service] of Object.entries(services())) {
      // Newer and older versions of Compose print the reference differently; both name the service.
      if (name !== "chancery") assert.match(service.network_mode ?? "", /^service:chancery$/, name);
    }
  });

  it("mounts folders that exist", () => {
    for (const service of Object.values(services())) {
      for (const volume of service.volumes ?? []) {
        const [source = ""] = volume.split(":");
        if (source.startsWith("/")) assert.ok(existsSync(source), source);
      }
    }
  });
});

describe("examples/quickstart-bootstrap", needs("envoy"), () => {
  for (const name of ["edge", "inner"]) {
    it(`${name}.yaml is taken by Envoy`, async () => {
      const text = readFileSync(repositoryPath(`examples/quickstart-bootstrap/${name}.yaml`), "utf8");
      const bootstrap: JsonObject = JSON.parse(JSON.stringify(load(text)));
      const { exitCode, log } = await validateWithEnvoy(bootstrap);
      assert.equal(exitCode, 0, log);
    });
  }
});
