/** Work that is done step by step, so that whoever does it can do something else in between; it returns what was made. */
export type Steps<T> = Generator<undefined, T>;

/** So many things, each of them a microsecond's work or less, are one step of work. */
export const thingsPerStep = 128;

/** Does all of it now. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
