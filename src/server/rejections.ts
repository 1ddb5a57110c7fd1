/** Statuses that a client has brought upon itself, and what they are called in metrics. */
export const rejections: ReadonlyMap<number, string> = new Map([
  [3, "invalid"],
  [4, "silent"],
  [7, "denied"],
  [8, "limit"],
  [16, "unauthenticated"],
]);
