// Questions that many ask in one moment, put to a server together: a commit opens hundreds of logs at once, and a round trip for each would be most of its time.

/** Answers each of `questions`, in their order. */
export type AskAll<Q, A> = (questions: readonly Q[]) => Promise<readonly A[]>;

interface Asked<Q, A> {
  readonly question: Q;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** What is asked before the caller's turn is over goes out as one, at most `max` at a time; who asks later asks anew, so no answer is older than its question. */
export function createGathering<Q, A>(askAll: AskAll<Q, A>, max = 1_024): (question: Q) => Promise<A> {
  let waiting: Asked<Q, A>[] = [];
  const ask = async (asked: readonly Asked<Q, A>[]): Promise<void> => {
    try {
      const answers = await askAll(asked.map(({ question }) => question));
      for (const [index, { resolve }] of asked.entries()) resolve(answers[index] as A);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };
  const flush = (): void => {
    const asked = waiting;
    waiting = [];
    for (let at = 0; at < asked.length; at += max) void ask(asked.slice(at, at + max));
  };
  return (question) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ question, resolve, reject }) === 1) queueMicrotask(flush);
    });
}
