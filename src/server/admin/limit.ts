/** Answers are made as a whole, so they have a bound. */
const mostItems = 10_000;

/** How many items a query asks for, by default 1,000, or what is wrong with the number. */
export function limitOf(text = "1000"): number | string {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostItems) return limit;
  return `limit: expected 1 to ${mostItems}, found ${JSON.stringify(text)}`;
}
