/** What came of a person's order. */
export type OrderOutcome =
  | { readonly kind: "done" }
  /** Nothing was changed. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It was done, for an order to stop must not wait for a disk, but the disk refused it. */
  | { readonly kind: "unkept"; readonly reason: string };
