// `tally admit` lets a device of a branch write in another scope, and `tally adopt` puts in force what a release brings.
import { openBook } from '@tallystick/kernel';
import { ledgerVerbs } from '@tallystick/ledger';
import { encodeHex, parseScope, type Scope } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { startRelay } from '@tallystick-app/relay';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deviceKey, officeStore, openOrCreateOffice } from '../src/book.ts';
import { mustCommit } from '../src/demo/seed.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

it('lets a till of a branch write in claims, and nobody in whom no branch enrolled', async () => {
  const data = temporaryFolder();
  const book = await openOrCreateOffice(homeAt(data), 'Corner');
  // A branch begins with what the relay has of hq.
  const relay = await startRelay({ dataDir: join(data, 'relay'), port: 0 });
  await book.sync(createRelayClient({ url: relay.url }));
  await relay.close();
  const { device, publicKey } = await deviceKey(homeAt(join(data, 'till')).deviceFile);
  const args = { device, key: encodeHex(publicKey), name: 'Till 1', role: 'till' } as const;
  const scope = parseScope('b/1') as Scope;
  mustCommit(await book.commitAll([{ verb: 'device.enroll', args, scope }]));
  await book.close();
  expect((await runTally('admit', 'Till 2', '--data', data)).stderr).toContain('no device of a branch');
  const admitted = jsonOf(await runTally('admit', 'Till 1', '--role', 'van', '--data', data, '--json'));
  expect(admitted).toEqual({ device, scope: 'claims', role: 'van', name: 'Till 1' });
  const query = `SELECT role FROM devices WHERE scope = 'claims' AND device = '${device}'`;
  expect(jsonOf(await runTally('query', query, '--data', data, '--json'))['rows']).toEqual([{ role: 'van' }]);
});

it('adopts what the book has not yet, once', async () => {
  const data = temporaryFolder();
  const home = homeAt(data);
  mkdirSync(home.officeFolder, { recursive: true });
  const book = await openBook({ store: officeStore(home), verbs: ledgerVerbs, name: 'Corner', deviceName: 'Office' });
  await book.close();
  const { adopted } = jsonOf(await runTally('adopt', '--data', data, '--json'));
  expect(adopted).toContain('sale.complete@1');
  expect(await runTally('adopt', '--data', data)).toMatchObject({
    status: 0,
    stdout: 'The book has everything that this release declares.\n',
  });
});
