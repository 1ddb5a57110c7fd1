import { createHash, timingSafeEqual } from "node:crypto";

/** A bearer token under the name that rules and logs know it by; of the token only a hash is held. */
export interface Token {
  readonly name: string;
  readonly hash: Buffer;
}

/** A token file that cannot be used; the message names a line and never shows a token. */
export class TokenFileError extends Error {
  override readonly name = "TokenFileError";
}

/** Shorter ones can be guessed over the network. */
const tokenMinLength = 16;

/**
 * Reads a file of tokens: a line each, `NAME TOKEN` or the token alone, whose name is `default`; empty lines and those
 * that begin with `#` are passed over. A name may have several tokens, for a rotation. Throws `TokenFileError`.
 */
export function parseTokens(text: string, path: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0]?.startsWith("#")) continue;
    const [name, token] = words.length === 1 ? ["default", words[0]] : words;
    const where = `${path}:${index + 1}`;
    if (words.length > 2 || name === undefined || token === undefined)
      throw new TokenFileError(`${where}: expected NAME TOKEN, or a token alone`);
    if (token.length < tokenMinLength)
      throw new TokenFileError(
        `${where}: the token has ${token.length} characters, ${tokenMinLength} are the least; "openssl rand -hex 32" makes one`,
      );
    tokens.push({ name, hash: hashOf(token) });
  }
  if (tokens.length === 0) throw new TokenFileError(`${path} has no token`);
  return tokens;
}

/**
 * The name of the token in an `authorization` header, or undefined when it is none of these. Takes the same time
 * whichever of them it is, and however much of one is right.
 */
export function tokenNameOf(tokens: readonly Token[], header: string | undefined): string | undefined {
  const [, given] = /^Bearer +(\S+)$/i.exec(header ?? "") ?? [];
  const hash = hashOf(given ?? "");
  let found: string | undefined;
  for (const token of tokens) {
    if (timingSafeEqual(token.hash, hash)) found = token.name;
  }
  return given === undefined ? undefined : found;
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
