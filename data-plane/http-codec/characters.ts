/** RFC 9110, section 5.6.2: what a header name or a method may consist of. */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Line breaks and tabs have their own rules; no other control character may stand in a head. */
const controlPattern = /[^\t\n\r\x20-\x7e\x80-\xff]/;

/** RFC 3986: what a host and port, with user information, may consist of. Empty is fine. */
const authorityPattern = /^[A-Za-z0-9\-._~!$&'()*+,;=:@[\]%]*$/;

const visiblePattern = /^[\x21-\x7e]+$/;

export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

export function hasControl(text: string): boolean {
  return controlPattern.test(text);
}

export function isAuthority(text: string): boolean {
  return authorityPattern.test(text);
}

/** Printable ASCII without space: what a request target may consist of. */
export function isVisible(text: string): boolean {
  return visiblePattern.test(text);
}
