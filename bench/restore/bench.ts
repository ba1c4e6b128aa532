/** A till comes back from the file that a person kept, in Chromium, to its first sale. */
import { createOrganisationIdentity } from '@tallystick/custody';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { createBackupKeeper, joinFiles, memoryPlace } from '@tallystick/recovery';
import { hotBytes } from '../../apps/till/src/engine/later-rows.ts';
import { type Engine, openEngine } from '../browser/engine.ts';
import { anySale, openTill, settleAll, trade } from '../sales.ts';
import { type Case, mustBe, type Suite } from '../suite.ts';
import type { Answer, Task } from './task.ts';

const owner = await createOrganisationIdentity();
/** The first key of `till 1` of the seeded keys. */
const seed = encodeHex(nodeCrypto.hasher.sha256(new TextEncoder().encode('testkit key 1 of till 1')));

export const restore: Suite = {
  name: 'restore',
  summary: 'a till comes back from a file in Chromium, to its first sale',
  async prepare(size, folder) {
    const engine = await openEngine(new URL('worker.ts', import.meta.url), folder);
    const sales = size.ops * 10;
    const till = await openTill({ store: nodeStore(':memory:') });
    await trade(till, sales);
    await settleAll(till);
    const place = memoryPlace();
    const keeper = createBackupKeeper({
      book: till.book,
      hasher: nodeCrypto.hasher,
      recipients: () => [owner.recipient],
      places: [place],
      state: { load: () => undefined, save: () => undefined },
    });
    const made = await keeper.backUp({ whole: true });
    for (const name of await place.list()) if (name.includes('-log.')) await place.drop(name);
    engine.serve('/backup', await joinFiles(place));
    const sale = anySale(till.dice);
    await till.book.close();
    const shared = { file: '/backup', identity: owner.identity, seed, sale } as const;
    const name = `restore-browser-${sales / 1000}k`;
    const bytes = made?.bytes ?? 0;
    return {
      cases: [
        restoreCase(engine, { ...shared, name, hotBytes: 0 }, { sales, bytes }),
        restoreCase(engine, { ...shared, name: `${name}-hot`, hotBytes }, { sales, bytes }),
      ],
      close: engine.close,
    };
  },
};

function restoreCase(
  engine: Engine,
  task: Omit<Task, 'kind'>,
  { sales, bytes }: { readonly sales: number; readonly bytes: number },
): Case {
  let runs = 0;
  const measured = async (kind: Task['kind']): Promise<{ readonly cpuMs: number; readonly answer: Answer }> => {
    runs += 1;
    const before = await engine.used();
    let there = before;
    const asked: Task = { ...task, kind, name: `${task.name}-${runs}` };
    const answer = await engine.run<Answer>(asked, async () => void (there = await engine.used()));
    return { answer, cpuMs: there.cpuMs - before.cpuMs };
  };
  return {
    figures: [
      figure(task.name),
      ...(task.hotBytes === 0
        ? []
        : ['rest', 'sale-beside', 'slowest-beside'].map((part) => figure(`${task.name}-${part}`))),
      figure(`${task.name}-cpu`),
    ],
    count: async () => ({ bytes }),
    run: async () => {
      const idle = await measured('idle');
      const { answer, cpuMs } = await measured('restore');
      mustBe('sales in the browser', answer.sales, sales + 1 + answer.besideMs.length);
      // Never nothing: the clock of the processor has steps of a hundredth of a second.
      const used = Math.max(1, cpuMs - idle.cpuMs);
      if (task.hotBytes === 0) return [answer.ms, used];
      return [answer.ms, answer.restMs, medianOf(answer.besideMs), Math.max(...answer.besideMs), used];
    },
  };
}

function figure(name: string): { readonly name: string; readonly unit: 'ms' } {
  return { name, unit: 'ms' };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
