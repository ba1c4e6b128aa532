import { expect, it } from 'vitest';

it('a worker makes a backed-up key and gets it back', async () => {
  const worker = new Worker(new URL('wiped-worker.ts', import.meta.url), { type: 'module' });
  const outcome = await new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<Readonly<Record<string, string>>>) => resolve(data));
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
  });
  worker.terminate();
  for (const database of ['worker-made', 'worker-office', 'worker-shares']) indexedDB.deleteDatabase(database);
  const { made } = outcome;
  expect(made).toMatch(/^[0-9a-f]{64}$/);
  expect(outcome).toEqual({
    made,
    byOffice: made,
    byShares: made,
    byPasskey: 'custody/no-match',
    document: 'undefined',
  });
});
