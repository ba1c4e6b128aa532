// A relay that loses its database under the feet of an office: what the command line says, keeps, and proves to a stranger.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../scripts/free-ports.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const [data, relayData, proofs] = ['office', 'relay', 'proofs'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
let relay: RunningRelay;
let vkey: string;

beforeAll(async () => {
  mkdirSync(relayData);
  relay = await startRelay({ dataDir: relayData, port: await freePort(), log: () => undefined });
  await runTally('init', '--data', data, '--name', 'Tea house');
  await runTally('sync', '--data', data, '--relay', relay.url);
  vkey = String(jsonOf(await runTally('status', '--data', data, '--json'))['relayKey']);
}, 30_000);
afterAll(() => relay.close());

describe('a relay whose database is gone', () => {
  it('is convicted at the next sync, and the proof convinces who has nothing but the key', async () => {
    const port = Number(new URL(relay.url).port);
    await relay.close();
    for (const file of ['', '-wal', '-shm']) rmSync(join(relayData, `relay.sqlite${file}`), { force: true });
    relay = await startRelay({ dataDir: relayData, port, log: () => undefined });
    const synced = await runTally('sync', '--data', data);
    expect([synced.status, synced.stderr]).toEqual([1, expect.stringContaining('relay/rolled-back')]);
    const status = await runTally('status', '--data', data, '--proofs', proofs);
    expect([status.status, status.stdout]).toEqual([
      1,
      expect.stringContaining('RELAY CONVICTED: The relay lost its whole log of hq'),
    ]);
    const file = join(proofs, 'relay-shrunk-hq.json');
    const judged = await runTally('verify-proof', file, '--relay', vkey, '--json');
    expect([judged.status, jsonOf(judged)]).toMatchObject([
      0,
      { convicted: true, kind: 'shrunk', scope: 'hq', later: 0 },
    ]);
    expect((await runTally('verify-proof', file, '--data', data)).stdout).toContain('CONVICTED: The relay lost');
    const bad = join(folder, 'bad.json');
    writeFileSync(bad, readFileSync(file, 'utf8').replace('/hq', '/hx'));
    const refused = await runTally('verify-proof', bad, '--relay', vkey);
    expect([refused.status, refused.stdout]).toEqual([1, expect.stringMatching(/not proved: (chain|relay)\//)]);
    expect((await runTally('verify-proof', file)).status).toBe(2);
    expect((await runTally('verify-proof', file, '--relay', 'relay')).status).toBe(2);
  }, 30_000);
});
