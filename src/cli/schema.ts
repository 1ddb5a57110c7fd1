import { join, resolve } from "node:path";
import { errorMessage } from "../base/error-message.ts";
import { colorFlag } from "./color.ts";
import { defineCommand } from "./command.ts";
import { userTypeFlags } from "./common-flags.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { textFlag } from "./flag.ts";

/** Which files a schema is for, as editors write it; in the order that decides. */
const files = [
  { word: "chancery.yaml", file: "chancery.schema.json", globs: ["chancery.yaml"] },
  { word: "bootstrap", file: "bootstrap.schema.json", globs: ["envoy.yaml", "bootstrap.yaml"] },
  { word: "file", file: "resources.schema.json", globs: ["groups/**/*.yaml"] },
] as const;

/** `chancery schema`: JSON Schemas, so that editors complete Envoy's YAML. */
export const schemaCommand = defineCommand({
  name: "schema",
  summary: "print a JSON Schema, so that editors complete Envoy's YAML",
  details: [
    "Prints the JSON Schema (draft 7) of WHAT: `file` (any file of resources, the default), `chancery.yaml`, `bootstrap`, or a",
    'type such as Cluster. Inside a typed_config it offers the fields of the "@type" that stands there. With --dir it writes',
    "the first three into DIR and prints the settings that VS Code's YAML extension wants. It is for writing; whether a file is",
    "right says `chancery validate`.",
  ].join(" "),
  arguments: [
    {
      name: "WHAT",
      description: "file, chancery.yaml, bootstrap or a type (default: file)",
      isOptional: true,
    },
  ],
  flags: {
    dir: textFlag("DIR", "write the schemas of a folder of configuration there", ""),
    ...userTypeFlags,
    color: colorFlag,
  },
  examples: [
    {
      line: "schema --dir .schemas",
      explains: "for a folder of configuration, with the settings of VS Code",
    },
    { line: "schema Listener > listener.schema.json", explains: "one type" },
    { line: "schema file --descriptors my-filters.binpb", explains: "with types of your own" },
  ],
  async run({ args, flags, terminal }) {
    const { editorSchema, editorSchemaOf } = await import("../config/editor-schemas.ts");
    const { loadSchemaWith } = await import("./user-schema.ts");
    const schema = await loadSchemaWith(flags, terminal);
    const [word = "file"] = args;
    if (flags.dir !== "") {
      if (args.length > 0) throw new CommandError(exitCode.usage, "--dir writes all schemas: leave WHAT out");
      const { mkdir, writeFile } = await import("node:fs/promises");
      const folder = resolve(terminal.cwd, flags.dir);
      try {
        await mkdir(folder, { recursive: true });
        for (const { word: each, file } of files) {
          const made = editorSchema(schema, editorSchemaOf(each, schema)!);
          await writeFile(join(folder, file), `${JSON.stringify(made)}\n`);
        }
      } catch (error) {
        throw new CommandError(exitCode.failure, `cannot write to ${flags.dir}: ${errorMessage(error)}`);
      }
      const settings = Object.fromEntries(files.map(({ file, globs }) => [join(flags.dir, file), globs]));
      terminal.stderr.write(`wrote ${files.map(({ file }) => file).join(", ")}; settings of VS Code:\n`);
      terminal.stdout.write(`${JSON.stringify({ "yaml.schemas": settings }, undefined, 2)}\n`);
      return exitCode.ok;
    }
    const of = editorSchemaOf(word, schema);
    if (!of) {
      const { nearest } = await import("../base/edit-distance.ts");
      const { resourceNames } = await import("../config/named-type.ts");
      const words = [...files.map((each) => each.word), ...resourceNames()];
      const suggestion = nearest(word, words);
      throw new CommandError(
        exitCode.usage,
        `there is no type ${JSON.stringify(word)}${suggestion ? `; did you mean ${suggestion}?` : ""}`,
        "file, chancery.yaml, bootstrap, a resource type such as Cluster, or a full type name",
      );
    }
    terminal.stdout.write(`${JSON.stringify(editorSchema(schema, of), undefined, 1)}\n`);
    return exitCode.ok;
  },
});
