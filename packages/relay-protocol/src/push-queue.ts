// What waits for the books: pushes, which are taken in groups, and whatever must not run within one.
import { commitPushes, type Settled } from './commit.ts';
import type { Push, PushDesk, PushOutcome } from './push.ts';

export interface PushQueue {
  /** Resolves when the push is durable, together with what waited beside it. */
  push(push: Push): Promise<PushOutcome>;
  /** Runs `work` while no push is under way. */
  between<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly push: Push;
  readonly settle: (settled: Settled) => void;
}

export function createPushQueue(desk: PushDesk): PushQueue {
  const pushes: Waiting[] = [];
  const works: (() => Promise<void>)[] = [];
  let running: Promise<void> | undefined;
  async function run(): Promise<void> {
    while (works.length > 0 || pushes.length > 0) {
      await Promise.all(works.splice(0).map((work) => work()));
      const group = takeGroup(pushes, desk.limits);
      if (group.length > 0) await commitGroup(desk, group);
    }
    running = undefined;
  }
  // What arrives in the same moment shares the first turn, too.
  const start = (): void => void (running ??= Promise.resolve().then(run));
  return {
    push: (push) =>
      new Promise((resolve, reject) => {
        const settle = (settled: Settled): void =>
          'outcome' in settled ? resolve(settled.outcome) : reject(settled.error);
        pushes.push({ push, settle });
        start();
      }),
    between: (work) =>
      new Promise((resolve, reject) => {
        works.push(() => work().then(resolve, reject));
        start();
      }),
    idle: async () => running,
  };
}

/** As many as one push may have ops, so that what they add to a log fits a page; in the order they came, and at least one. */
function takeGroup(pushes: Waiting[], { maxBatchOps, maxBatchBytes }: PushDesk['limits']): Waiting[] {
  let count = 0;
  let [ops, bytes] = [0, 0];
  for (const { push } of pushes) {
    ops += push.frames.length;
    bytes += push.sizeBytes;
    if (count > 0 && (ops > maxBatchOps || bytes > maxBatchBytes)) break;
    count += 1;
  }
  return pushes.splice(0, count);
}

async function commitGroup(desk: PushDesk, group: readonly Waiting[]): Promise<void> {
  try {
    const settled = await commitPushes(
      desk,
      group.map(({ push }) => push),
    );
    for (const [index, { settle }] of group.entries()) settle(settled[index] as Settled);
  } catch (error) {
    for (const { settle } of group) settle({ error });
  }
}
