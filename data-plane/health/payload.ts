/** True when the pieces occur in `bytes` one after the other, with anything between them. */
export function holdsInOrder(pieces: readonly Buffer[], bytes: Buffer): boolean {
  let from = 0;
  for (const piece of pieces) {
    const at = bytes.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return true;
}
