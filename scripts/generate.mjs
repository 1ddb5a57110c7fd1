// Makes src/schema/generated/ out of the .proto files of @grpc/grpc-js-xds, protos/supplements and protos/chancery:
// the descriptor bundle that src/schema/load.ts reads, and the TypeScript types of every message in it.
// `--bare FILE` instead writes the bundle of all that the npm package knows, for scripts/envoy-api to complete.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, "src/schema/generated");
const require = createRequire(import.meta.url);
const packageOf = (name) => dirname(require.resolve(`${name}/package.json`));

const deps = join(packageOf("@grpc/grpc-js-xds"), "deps");
const importRoots = ["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((name) => join(deps, name));
const supplementsRoot = join(root, "protos/supplements");

/** Packages whose every type is in the bundle; of the others, only what these refer to. */
const isWhole = (name) =>
  /^(envoy\..*\.v3(alpha)?|xds(\..*)?|udpa(\..*)?|google\.protobuf|grpc\..*|validate|chancery\..*)$/.test(
    name,
  );

/** Test and example protos of the npm package, and the v2 API, which Envoy does not speak any more. */
const isSkipped = (path) =>
  /^(tests|java|example-workspace|bazel|rule_templates)\//.test(path) ||
  /^envoy\/(.*\/)?v(1alpha1|2|2alpha|2alpha1)\//.test(path);

/** What rules about durations and timestamps need to know. */
const DURATION = {
  fields: [
    { name: "seconds", type: { kind: "scalar", scalar: "int64" } },
    { name: "nanos", type: { kind: "scalar", scalar: "int32" } },
  ],
};

const main = async (args) => {
  const inputs = [
    ...importRoots.flatMap((folder) => protoFiles(folder).filter((file) => !isSkipped(file.name))),
    ...protoFiles(supplementsRoot),
    ...protoFiles(join(root, "protos/chancery")).map((file) => ({ ...file, name: `chancery/${file.name}` })),
  ];
  if (args[0] === "--bare") {
    // The npm package refers to these without having them: such a field is known all the same.
    const absent = /^(google\.protobuf\.(?!NullValue)|opentelemetry\.|opencensus\.|io\.prometheus\.)/;
    const outside = {
      messages: { has: (name) => absent.test(name), get: () => DURATION },
      enums: { has: (name) => name === "google.protobuf.NullValue" },
    };
    const { descriptors } = await compile(
      inputs.filter((file) => file.folder.startsWith(deps)),
      outside,
    );
    mkdirSync(dirname(args[1]), { recursive: true });
    return writeFileSync(args[1], bundleText(descriptors));
  }
  const stamp = stampOf(inputs);
  const stampFile = join(out, "stamp");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;

  const { files, descriptors: all, failures } = await compile(inputs);
  const descriptors = closure(files, all, failures);
  rmSync(stampFile, { force: true });
  const bundle = bundleText(descriptors);
  // Plain for people and for scripts/envoy-api; packed, an eighth of it, is what is read and shipped.
  writeFileSync(join(out, "descriptors.json"), bundle);
  writeFileSync(join(out, "descriptors.json.gz"), gzipSync(bundle, { level: 9 }));
  writeTypes(descriptors);
  writeFileSync(stampFile, stamp);
};

function protoFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .sort()
    .map((name) => ({ folder, name, text: readFileSync(join(folder, name), "utf8") }));
}

/** The names that Envoy has dropped since the npm package was made, one a line. */
function removedNames() {
  const lines = readFileSync(join(supplementsRoot, "removed.txt"), "utf8").split("\n");
  return new Set(lines.filter((line) => line !== "" && !line.startsWith("#")));
}

/** Hash of all that the output depends on: the protos, this program and the compiler of src/schema/descriptors. */
function stampOf(inputs) {
  const hash = createHash("sha256");
  const add = (name, text) => hash.update(`${name}\0${text.length}\0${text}`);
  for (const file of inputs) add(relative(root, join(file.folder, file.name)), file.text);
  const compiler = join(root, "src/schema/descriptors");
  for (const name of readdirSync(compiler)) add(name, readFileSync(join(compiler, name), "utf8"));
  add("removed.txt", readFileSync(join(supplementsRoot, "removed.txt"), "utf8"));
  add("generate.mjs", readFileSync(fileURLToPath(import.meta.url), "utf8"));
  for (const name of ["@grpc/proto-loader", "protobufjs", "typescript"]) {
    add(name, readFileSync(join(packageOf(name), "package.json"), "utf8"));
  }
  return hash.digest("hex");
}

async function compile(inputs, outside = { messages: new Map(), enums: new Map() }) {
  execFileSync(process.execPath, [join(packageOf("typescript"), "bin/tsc"), "-p", join(root, "scripts")], {
    stdio: "inherit",
  });
  const load = (name) => import(pathToFileURL(join(out, "compiler/src/schema/descriptors", name)));
  const { parseProto } = await load("parse-proto.js");
  const { supplementFiles } = await load("supplement.js");
  const { linkFiles } = await load("link.js");

  const isSupplement = (file) => file.folder === supplementsRoot;
  const parse = (file) => {
    const parsed = parseProto(file.name, file.text);
    return parsed.package.startsWith("chancery.") ? parsed : withoutComments(parsed);
  };
  const base = inputs.filter((file) => !isSupplement(file)).map(parse);
  const supplements = inputs.filter(isSupplement).map(parse);
  const files = supplementFiles(base, {
    files: supplements,
    removed: supplements.length > 0 ? removedNames() : new Set(),
  });
  return { files, ...linkFiles(files, outside) };
}

/** Texts of others are theirs, and would be most of the bundle. */
function withoutComments(file) {
  const messages = file.messages.map((message) => ({
    ...message,
    fields: message.fields.map(({ comment: _, ...field }) => field),
  }));
  return { ...file, messages };
}

/** The types of the packages that are whole, and all that they refer to. */
function closure(files, { messages, enums }, failures) {
  const kept = { messages: new Map(), enums: new Map() };
  const waiting = files
    .filter((file) => isWhole(file.package))
    .flatMap((file) => [...file.messages, ...file.enums].map((type) => type.name));
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (kept.messages.has(name) || kept.enums.has(name)) continue;
    const message = messages.get(name);
    if (!message) {
      kept.enums.set(name, enums.get(name));
      continue;
    }
    kept.messages.set(name, message);
    for (const { type } of message.fields) {
      const value = type.kind === "map" ? type.value : type;
      if (value.kind !== "scalar") waiting.push(value.name);
    }
  }
  const isKept = (name) => kept.messages.has(name) || kept.enums.has(name);
  const wrong = failures
    .map(({ problem }) => problem)
    .filter(({ path }) => isKept(path) || isKept(path.replace(/\.[^.]*$/, "")));
  if (wrong.length > 0) throw new Error(wrong.map((problem) => problem.message).join("\n"));
  return kept;
}

const sorted = (map) => [...map.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/** One type a line, so that two bundles can be compared with diff. */
function bundleText({ messages, enums }) {
  const lines = (map) =>
    sorted(map)
      .map((type) => JSON.stringify(type))
      .join(",\n");
  return `{"messages":[\n${lines(messages)}\n],"enums":[\n${lines(enums)}\n]}\n`;
}

/** The types are made of the finished descriptors and nothing else: what can be decoded is in its type. */
function writeTypes(descriptors) {
  rmSync(join(out, "api"), { recursive: true, force: true });
  const rootFile = join(out, "root.json");
  writeFileSync(rootFile, JSON.stringify(reflectionJson(descriptors)));
  const generator = join(packageOf("@grpc/proto-loader"), "build/bin/proto-loader-gen-types.js");
  const options = [
    "--keepCase",
    "--longs=String",
    "--enums=String",
    "--targetFileExtension=.ts",
    "--importFileExtension=.ts",
  ];
  execFileSync(process.execPath, [generator, ...options, `--outDir=${join(out, "api")}`, rootFile], {
    stdio: "inherit",
  });
  rmSync(rootFile);
  for (const name of readdirSync(join(out, "api"), { recursive: true, encoding: "utf8" })) {
    const file = join(out, "api", name);
    if (name.endsWith(".ts")) writeFileSync(file, decodedFormOnly(readFileSync(file, "utf8")));
  }
  writeFileSync(join(out, "message-types.ts"), messageTypesText(descriptors));
}

/**
 * Without the interfaces of the looser form that proto-loader would take for encoding, which is not ours, and with short names
 * for what is imported: both are much of what the package weighs.
 */
function decodedFormOnly(text) {
  const names = new Map();
  return text
    .replace(/^\/\/ .*\n+/, "")
    .replace(/^import type \{ [^,}]*, (\w+?)(?: as (\w+))? \} from/gm, (_, exported, alias = exported) => {
      names.set(alias, `T${names.size}`);
      return `import type { ${exported} as ${names.get(alias)} } from`;
    })
    .replace(/^export interface (?!\w+__Output )\w+ \{.*?^\}\n+/gms, "")
    .replace(/^export type (?!\w+__Output )\w+ =\n(?:  \|.*\n)+\n*/gm, "")
    .replace(/^  .*/gm, (line) => line.replace(/\w+__Output\b/g, (name) => names.get(name) ?? name));
}

/** A map of types: the full name of each message to the interface that the generator made for its decoded form. */
function messageTypesText({ messages }) {
  const isMessage = (parts) => messages.has(parts.join("."));
  const lines = sorted(messages).map(({ name }, index) => {
    const parts = name.split(".");
    // Nested types stand in the file of the outermost message, under a name made of their full name.
    let top = parts.length;
    while (isMessage(parts.slice(0, top - 1))) top -= 1;
    const alias = `T${index}`;
    const exported = `${top === parts.length ? parts.at(-1) : `_${parts.join("_")}`}__Output`;
    const file = `./api/${parts.slice(0, top).join("/")}.ts`;
    return {
      import: `import type { ${exported} as ${alias} } from "${file}";`,
      entry: `  "${name}": ${alias};`,
    };
  });
  const imports = lines.map((line) => line.import).join("\n");
  return `${imports}\n\nexport interface MessageTypes {\n${lines.map((line) => line.entry).join("\n")}\n}\n`;
}

/** The descriptors in the JSON form of protobufjs, which the generator of types reads. */
function reflectionJson({ messages, enums }) {
  const top = { nested: {} };
  const place = (name, type) => {
    const parts = name.split(".");
    const last = parts.pop();
    let parent = top;
    for (const part of parts) parent = (parent.nested ??= {})[part] ??= {};
    (parent.nested ??= {})[last] = { ...parent.nested[last], ...type };
  };
  for (const { name, fields, oneofs } of sorted(messages)) {
    place(name, {
      fields: Object.fromEntries(fields.map((field) => [field.name, reflectionField(field)])),
      oneofs: Object.fromEntries(
        oneofs.map((oneof) => [
          oneof.name,
          { oneof: fields.filter((field) => field.oneof === oneof.name).map((field) => field.name) },
        ]),
      ),
    });
  }
  for (const { name, values } of sorted(enums)) {
    place(name, { values: Object.fromEntries(values.map((value) => [value.name, value.number])) });
  }
  return top;
}

function reflectionField({ type, number, isRepeated, isDeprecated }) {
  const nameOf = (value) => (value.kind === "scalar" ? value.scalar : `.${value.name}`);
  return {
    ...(type.kind === "map" ? { keyType: type.key, type: nameOf(type.value) } : { type: nameOf(type) }),
    ...(isRepeated ? { rule: "repeated" } : {}),
    id: number,
    ...(isDeprecated ? { options: { deprecated: true } } : {}),
  };
}

await main(process.argv.slice(2));
