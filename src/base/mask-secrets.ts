const masked = "[masked]";

const pemKey = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g;
const authorization = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;
const jsonWebToken = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g;
const keyAndValue =
  /\b(pass(?:word|phrase)|secret|token|api[_-]?key|inline_bytes)(["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;}]+)/gi;

/**
 * The text without private keys (PEM), bearer and basic credentials, JSON Web Tokens, and the values of keys that
 * are named like one, such as `password: x` (XDS-139). For texts that peers or files gave us on their way to a person.
 */
export function maskSecrets(text: string): string {
  return text
    .replace(pemKey, `-----BEGIN $1----- ${masked}`)
    .replace(authorization, `$1 ${masked}`)
    .replace(jsonWebToken, masked)
    .replace(keyAndValue, `$1$2${masked}`);
}
