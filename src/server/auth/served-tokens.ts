import { Current, type Watched } from "../../base/current.ts";
import { contentHash } from "../../config/content-hash.ts";
import { followFiles, type FollowOptions } from "../follow-files.ts";
import { parseTokens, type Token, TokenFileError, tokenNameOf } from "./tokens.ts";

/** Says whose token a client shows. */
export interface TokenCheck {
  /** The name of the token in an `authorization` header, or undefined when it is none that is taken. */
  nameOf(authorization: string | undefined): string | undefined;
}

/** Tokens from a file, for a server that outlives them. */
export interface ServedTokens extends TokenCheck {
  /** The tokens themselves, by their hashes, for servers elsewhere that are to take the same. */
  readonly tokens: Watched<readonly Token[]>;
  /** Takes the tokens that the file has, until the signal aborts. */
  follow(signal: AbortSignal): Promise<void>;
}

/** How the file of tokens is read and followed. */
export interface TokenOptions extends FollowOptions {
  readonly read: (path: string) => Promise<Buffer>;
}

/** Reads the file once. Rejects with `TokenFileError` when it cannot be used. */
export async function openTokens(path: string, options: TokenOptions): Promise<ServedTokens> {
  const read = async () => {
    const text = await options.read(path).catch((error: NodeJS.ErrnoException) => {
      throw new TokenFileError(`${path} cannot be read: ${error.code ?? error.message}`, { cause: error });
    });
    return parseTokens(text.toString("utf8"), path);
  };
  const current = await read();
  const tokens = new Current(current);
  const onChange = (next: readonly Token[]) => tokens.replace(next);
  const what = "tokens";
  return {
    tokens,
    nameOf: (authorization) => tokenNameOf(tokens.value, authorization),
    follow: (signal) =>
      followFiles({ what, paths: [path], current, read, hashOf, onChange }, options, signal),
  };
}

function hashOf(tokens: readonly Token[]): string {
  return contentHash(...tokens.flatMap(({ name, hash }) => [name, hash]));
}
