import type { Converted, MessageForm } from "../schema/convert.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { userTypeFlags } from "./common-flags.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { choiceFlag, type Flag, negatedFlag, ownFlag } from "./flag.ts";

const formFlag: Flag<MessageForm> = choiceFlag(
  ["yaml", "json", "binary", "base64"],
  "yaml",
  "the form to turn into",
  {
    placeholder: "FORM",
  },
);

/** `chancery convert`: any message with an "@type", from one form into another. */
export const convertCommand = defineCommand({
  name: "convert",
  summary: "turn messages between YAML, JSON and protobuf",
  details: [
    'Takes messages of any v3 type (YAML or JSON with "@type", a google.protobuf.Any as bytes or base64), checks fields',
    "and rules, and prints them in another form. binary and base64 are a google.protobuf.Any. With -o jsonl, a line a file:",
    '{"file","type","ok","errors":[{"path","line","column","message","code"}],"base64"}, the base64 being the canonical',
    "bytes of the message itself, null when not ok. Exits 0 when all are fine, 1 with errors, 65 when a file cannot be read.",
  ].join(" "),
  arguments: [{ name: "FILE", description: "files, or - for stdin", isVariadic: true }],
  flags: {
    to: formFlag,
    rules: negatedFlag("do not check field rules"),
    output: ownFlag(
      choiceFlag(["plain", "json", "jsonl"], "plain", "plain: the messages themselves", {
        short: "o",
        placeholder: "FORMAT",
      }),
    ),
    ...userTypeFlags,
    color: colorFlag,
  },
  examples: [
    { line: "convert cluster.yaml --to json", explains: "YAML to JSON" },
    {
      line: "convert cluster.yaml --to binary > cluster.pb",
      explains: "to the bytes of a google.protobuf.Any",
    },
    { line: "convert cluster.pb", explains: "and back to YAML" },
    { line: "convert a.yaml b.yaml -o jsonl", explains: "a verdict a file, for programs" },
    { line: "convert - --to base64 < cluster.yaml", explains: "from stdin" },
  ],
  async run({ args, flags, terminal }) {
    if (flags.to === "binary" && flags.output === "plain" && args.length > 1) {
      const hint = "convert one file at a time, or use --to base64 or -o jsonl";
      throw new CommandError(exitCode.usage, "binary output holds one message only", hint);
    }
    const { readBytes } = await import("./read-input.ts");
    const { loadSchemaWith } = await import("./user-schema.ts");
    const { convertFile, convertedLine } = await import("../schema/convert.ts");
    const schema = await loadSchemaWith(flags, terminal);
    const colors = colorsFor(flags.color, terminal.env, terminal.stderr);
    const { createPrinter } = await import("./convert/print.ts");
    const printer = createPrinter(
      { form: flags.to, output: flags.output, colors, line: convertedLine },
      terminal,
    );
    let worst: number = exitCode.ok;
    for (const file of args) {
      const content = await readBytes(file, terminal).catch(unreadable);
      if (content instanceof CommandError) {
        worst = exitCode.unreadableInput;
        printer.print(nameOf(file), [unreadableResult(file, content)], "");
        continue;
      }
      const results = convertFile(schema, nameOf(file), content, { to: flags.to, rules: flags.rules });
      const isOk = printer.print(nameOf(file), results, content.toString("utf8"));
      if (!isOk && worst === exitCode.ok) worst = exitCode.failure;
    }
    printer.end();
    return worst;
  },
});

function nameOf(file: string): string {
  return file === "-" ? "<stdin>" : file;
}

function unreadable(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  throw error;
}

function unreadableResult(file: string, { message }: CommandError): Converted {
  const problem = { code: "unreadable-file", severity: "error", message } as const;
  return { file: nameOf(file), type: undefined, problems: [problem] };
}
