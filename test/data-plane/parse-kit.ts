import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { formatProblem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { loadSchema } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { parseYaml } from "../../src/schema/yaml/parse-yaml.ts";
import { bundledExtensions } from "../../data-plane/proxy/bundled-extensions.ts";
import type { LocalData } from "../../data-plane/resources/data-source.ts";
import type { ParseContext } from "../../data-plane/resources/extension.ts";
import type { Parsed } from "../../data-plane/resources/parsed.ts";

export const schema = loadSchema();

/** A message of a type from YAML, field rules unchecked. */
export function message(typeName: keyof MessageTypes, yaml: string): Message {
  const { documents } = parseYaml({ name: "test.yaml", text: yaml });
  const { message: found, problems } = schema.fromSource(typeName, documents[0]!, { rules: false });
  if (!found) throw new Error(problems.map(formatProblem).join("\n"));
  return { ...found };
}

/** Files as they are; the environment holds `NAME` alone. */
export const localData: LocalData = {
  readFile: (path) => readFileSync(path),
  environment: (name) => (name === "NAME" ? "value" : undefined),
  exists: existsSync,
  watch: () => () => undefined,
};

/** A context with the bundled extensions and the given runtime values. */
export function parseContext(runtime: Readonly<Record<string, boolean | number>> = {}): ParseContext {
  return {
    schema,
    extensions: bundledExtensions,
    hostname: "edge",
    foreignSources: { IPv4: true, IPv6: true },
    staticSecrets: new Map(),
    local: localData,
    hasCluster: (name) => name !== "missing",
    sourceRefusal: () => undefined,
    runtime: {
      isEnabled: (key, fallback) => Boolean(runtime[key] ?? fallback),
      integer: (key, fallback) => Number(runtime[key] ?? fallback),
      number: (key, fallback) => Number(runtime[key] ?? fallback),
      fraction: (key, fallback) => (key in runtime ? Number(runtime[key]) / 100 : fallback),
    },
  };
}

/** The value of something that was read without a problem. */
export function valueOf<Value>({ value, problems }: Parsed<Value>): Value {
  assert.deepEqual(problems.map(formatProblem), []);
  assert.ok(value !== undefined);
  return value;
}

/** The problems as lines. */
export function problemsOf({ problems }: Parsed<unknown>): readonly string[] {
  return problems.map(formatProblem);
}
