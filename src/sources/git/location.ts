/** A repository that can be fetched from. */
export interface GitLocation {
  /** As git takes it. */
  readonly url: string;
  /** The only protocol that git may speak for it, redirects included. */
  readonly transport: "file" | "http" | "https" | "ssh";
  /** The user that the URL names. */
  readonly user?: string;
}

const transports: Readonly<Record<string, GitLocation["transport"]>> = {
  file: "file",
  http: "http",
  https: "https",
  ssh: "ssh",
  "git+ssh": "ssh",
  "ssh+git": "ssh",
};

/** `git@host:fleet/config.git`; the user is asked for, so that a folder with a colon in its name stays a folder. */
const scpForm = /^([A-Za-z0-9_][\w.-]*)@([A-Za-z0-9[][\w.:\]-]*?):(?!\/\/)([^-].*)$/;

/**
 * The repository that a URL names, or undefined for what is no URL and so a folder. Throws `Error`, without the text of the URL,
 * for one that must not be used: a password in it would stand in logs and process lists, and a protocol of another kind may run
 * programs (`ext::`).
 */
export function parseGitLocation(text: string): GitLocation | undefined {
  if (hasControl(text)) throw new Error("the URL has control characters in it");
  if (/^[\w+.-]+::/.test(text))
    throw new Error("remote helpers such as ext:: are not run; expected ssh, https or file");
  const scp = scpForm.exec(text);
  if (scp && !text.includes("://")) return { url: text, transport: "ssh", user: scp[1]! };
  const scheme = /^([A-Za-z][\w+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  const transport = transports[scheme];
  if (transport === undefined)
    throw new Error(`${scheme}:// is not fetched from; expected ssh, https or file`);
  const url = parsed(text);
  if (url.password !== "") {
    throw new Error(
      "the URL has a password in it, which logs and process lists would show; use --git-token-file",
    );
  }
  if (transport !== "file" && (/:\/\/\//.test(text) || url.hostname === "" || url.hostname.startsWith("-"))) {
    throw new Error("the URL has no usable host");
  }
  if (url.username === "") return { url: text, transport };
  return { url: text, transport, user: decodeURIComponent(url.username) };
}

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch (error) {
    throw new Error("the URL cannot be understood", { cause: error });
  }
}

function hasControl(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text);
}
