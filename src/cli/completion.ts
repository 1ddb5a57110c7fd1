import { defineCommand, type CommandDefinition, type ForeignCommand } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { CommandError } from "./exit-code.ts";
import { type Flag, listed, longName } from "./flag.ts";

const shells = ["bash", "zsh", "fish"] as const;

/** What completion needs to know of a command; one that is foreign says nothing of its flags. */
export type Completable = CommandDefinition | ForeignCommand;

/** `chancery completion SHELL`, made from the commands themselves; `commands` is asked when the script is printed. */
export function completionCommand(commands: () => readonly Completable[]): CommandDefinition {
  return defineCommand({
    name: "completion",
    summary: "print a completion script for a shell",
    arguments: [{ name: "SHELL", description: listed(shells) }],
    flags: {},
    examples: [
      { line: "completion bash > /etc/bash_completion.d/chancery", explains: "for everybody's bash" },
      { line: "completion zsh > ~/.zfunc/_chancery", explains: "for zsh, with ~/.zfunc in fpath" },
      { line: "completion fish > ~/.config/fish/completions/chancery.fish", explains: "for fish" },
    ],
    run: async ({ args, terminal }) => {
      const [shell] = args;
      const all = commands().map(describe);
      if (shell === "bash") terminal.stdout.write(bashScript(all));
      else if (shell === "zsh")
        terminal.stdout.write(
          `#compdef chancery\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(all)}`,
        );
      else if (shell === "fish") terminal.stdout.write(fishScript(all));
      else
        throw new CommandError(
          exitCode.usage,
          `no script for ${JSON.stringify(shell)}; expected ${listed(shells)}`,
        );
      return exitCode.ok;
    },
  });
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly { readonly name: string; readonly flag: Flag<unknown> }[];
}

function describe(command: Completable): Described {
  const flags = "flags" in command ? Object.entries(command.flags) : [];
  return {
    name: command.name,
    summary: command.summary,
    flags: flags.map(([key, flag]) => ({ name: longName(key, flag), flag })),
  };
}

/** Works in zsh too, through bashcompinit. What is no flag is completed as a file. */
function bashScript(commands: readonly Described[]): string {
  const cases = commands.map(({ name, flags }) => {
    const words = [...flags.map((flag) => `--${flag.name}`), "--help"].join(" ");
    const choices = flags.flatMap(({ name: flagName, flag }) =>
      flag.choices ? [`      --${flagName}) words="${flag.choices.join(" ")}" ;;`] : [],
    );
    return [`    ${name}) words="${words}"`, '      case "$previous" in', ...choices, "      esac ;;"].join(
      "\n",
    );
  });
  return `_chancery() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="${commands.map(({ name }) => name).join(" ")}" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${commands.map(({ name }) => name).join(" ")}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _chancery chancery
`;
}

function fishScript(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, summary, flags }) => [
    `complete -c chancery -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...flags.map(({ name: flagName, flag }) => {
      const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
      const value = flag.choices ? ` -x -a ${quoted(flag.choices.join(" "))}` : flag.placeholder ? " -r" : "";
      const condition = `-n '__fish_seen_subcommand_from ${name}'`;
      return `complete -c chancery ${condition} -l ${flagName}${short}${value} -d ${quoted(flag.description)}`;
    }),
  ]);
  return `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`\'`)}'`;
}
