// What waits for the books: pushes, which are taken in groups, and whatever must not run within one.
import { commitPushes, type Settled } from './commit.ts';
import type { Push, PushDesk, PushOutcome } from './push.ts';

/** What one commit came to. */
export interface Committed {
  readonly pushes: number;
  /** Ops that got a position in it. */
  readonly ops: number;
  readonly signaturesChecked: number;
  /** From the first look at the pushes until they were durable and signed for. */
  readonly durationMs: number;
  /** The tags of the pushes that have one. */
  readonly of: readonly unknown[];
}

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

export function createPushQueue(desk: PushDesk, onCommit: (committed: Committed) => void): PushQueue {
  const pushes: Waiting[] = [];
  const works: (() => Promise<void>)[] = [];
  let running: Promise<void> | undefined;
  async function run(): Promise<void> {
    while (works.length > 0 || pushes.length > 0) {
      await nextTask();
      await Promise.all(works.splice(0).map((work) => work()));
      const group = takeGroup(pushes, desk.limits);
      if (group.length > 0) await commitGroup(desk, group, onCommit);
    }
    running = undefined;
  }
  const start = (): void => void (running ??= run());
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

/** After whatever the host has received by now: requests that came in the same moment share a turn. */
function nextTask(): Promise<void> {
  const { setImmediate, setTimeout } = globalThis as unknown as Record<
    string,
    (task: () => void, ms?: number) => unknown
  >;
  return new Promise((resolve) => void (setImmediate ?? setTimeout)?.(resolve, 0));
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

async function commitGroup(
  desk: PushDesk,
  group: readonly Waiting[],
  onCommit: (committed: Committed) => void,
): Promise<void> {
  const startMs = performance.now();
  try {
    const settled = await commitPushes(
      desk,
      group.map(({ push }) => push),
    );
    const committed = { ...summarize(settled), durationMs: performance.now() - startMs, of: tagsOf(group) };
    if (committed.ops > 0) onCommit(committed);
    for (const [index, { settle }] of group.entries()) settle(settled[index] as Settled);
  } catch (error) {
    for (const { settle } of group) settle({ error });
  }
}

function tagsOf(group: readonly Waiting[]): unknown[] {
  return group.flatMap(({ push: { tag } }) => (tag === undefined ? [] : [tag]));
}

function summarize(settled: readonly Settled[]): Omit<Committed, 'durationMs' | 'of'> {
  let [ops, signaturesChecked] = [0, 0];
  for (const one of settled) {
    if ('error' in one) continue;
    signaturesChecked += one.outcome.signaturesChecked;
    for (const { verdict, position } of one.outcome.results)
      if (position !== undefined && verdict !== 'exists') ops += 1;
  }
  return { pushes: settled.length, ops, signaturesChecked };
}
