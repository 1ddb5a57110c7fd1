import type { ResourceConsumer } from "./update.ts";

/**
 * The same consumer, and a promise of its first answer: it resolves when the first update is applied and its clusters are warm, or
 * when the wait for an update is over. The start goes on then (XC-11, XC-13).
 */
export function withFirstAnswer(consumer: ResourceConsumer): {
  readonly consumer: ResourceConsumer;
  readonly answered: Promise<void>;
} {
  let resolve: () => void;
  const answered = new Promise<void>((resolver) => {
    resolve = resolver;
  });
  return {
    answered,
    consumer: {
      apply: async (update) => {
        const verdict = await consumer.apply(update);
        if (verdict.warmed) void verdict.warmed.then(resolve);
        else resolve();
        return verdict;
      },
      fetchEnded: (names, end) => {
        consumer.fetchEnded(names, end);
        resolve();
      },
    },
  };
}
