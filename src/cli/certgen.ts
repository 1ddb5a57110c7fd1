import { resolve } from "node:path";
import { defineCommand } from "./command.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { type Flag, listFlag, ownFlag, switchFlag, textFlag } from "./flag.ts";

const daysFlag: Flag<number> = {
  description: "how long they are valid",
  placeholder: "DAYS",
  default: 30,
  defaultText: "30",
  parse: (text) => {
    const days = Number(text);
    if (!Number.isInteger(days) || days < 1 || days > 3650)
      throw new Error("expected a number from 1 to 3650");
    return days;
  },
};

/** `chancery certgen`: certificates for a test fleet. */
export const certgenCommand = defineCommand({
  name: "certgen",
  summary: "make a CA, and certificates of a control plane and its nodes, for a test fleet",
  details: [
    "Writes ca.crt, server.crt and node-ID.crt with their keys into DIR, by the openssl program; only their owner can read them. A node",
    "is named spiffe://DOMAIN/CLUSTER/ID, which rules of `authorization` in chancery.yaml can bind to its id and group. The key of the",
    "CA stays in DIR: for tests, not for production. --add issues for further nodes by the CA that is in DIR, and for the control plane",
    "when --server-name is given. Exits 1, and changes nothing, when a file is there already and --force is not given.",
  ].join(" "),
  arguments: [{ name: "DIR", description: "a folder; made if it is not there" }],
  flags: {
    nodes: listFlag("CLUSTER/ID", "a node; may repeat. ID alone is of the cluster of that name"),
    serverName: listFlag(
      "NAME",
      "a name or address of the control plane; may repeat. Default: localhost, 127.0.0.1, ::1",
    ),
    trustDomain: textFlag("DOMAIN", "the trust domain of SPIFFE ids", "fleet"),
    days: daysFlag,
    openssl: textFlag("PROGRAM", "the openssl program", "openssl"),
    add: switchFlag("issue by the CA that is in DIR"),
    force: ownFlag(switchFlag("replace files that are there")),
  },
  examples: [
    { line: "certgen ./certs --nodes edge/edge-1,edge/edge-2", explains: "for two nodes of one cluster" },
    { line: "certgen ./certs --add --nodes edge/edge-3", explains: "for one more, by the same CA" },
    {
      line: "certgen ./certs --nodes edge/edge-1 --server-name xds.internal --force",
      explains: "all anew, for a control plane of another name",
    },
  ],
  async run({ args, flags, terminal }) {
    const { planCertificates } = await import("./certgen/plan-certificates.ts");
    const { writeCertificates } = await import("./certgen/write-certificates.ts");
    const { trustDomain, nodes, serverName, add } = flags;
    const serverNames = serverName.length > 0 || add ? serverName : ["localhost", "127.0.0.1", "::1"];
    if (add && serverNames.length === 0 && nodes.length === 0)
      throw new CommandError(exitCode.usage, "--add needs --nodes or --server-name: for whom?");
    let leaves: ReturnType<typeof planCertificates>;
    try {
      leaves = planCertificates({ trustDomain, serverNames, nodes });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new CommandError(exitCode.usage, cause.message, undefined, { cause });
    }
    const names = await writeCertificates(resolve(terminal.cwd, args[0]!), leaves, { ...flags, trustDomain });
    terminal.stdout.write(names.map((name) => `${name}\n`).join(""));
    return exitCode.ok;
  },
});
