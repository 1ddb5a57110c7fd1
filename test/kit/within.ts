/**
 * The promise's value, or an error that says what did not happen within `ms`. Only a guard against hanging: a test that passes never
 * waits for it.
 */
export async function within<T>(ms: number, what: string | (() => string), promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${ms} ms: ${typeof what === "string" ? what : what()}`));
    }, ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again until `ask` gives something other than undefined. For the state of other processes, which send no events;
 * within this process await the event.
 */
export async function until<T>(
  ms: number,
  what: string | (() => string),
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end)
      throw new Error(`not within ${ms} ms: ${typeof what === "string" ? what : what()}`);
    await pause(10);
  }
}

/** Real time that has to pass: to see that nothing happens, or because a recorded case says so. */
export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}
