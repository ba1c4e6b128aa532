// An order beyond a limit, from the command line: asked for by an agent's device, shown, approved by the office.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { deviceKey, enrolDevice, openOrCreateOffice, openTill } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import { tallyIn } from './tally-here.ts';
import { runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const data = temporaryFolder();
const tally = tallyIn(data);

beforeAll(async () => {
  await runTally('init', '--data', data);
  await tally('day', '2026-11-21');
});

it('shows what is asked for, orders what is approved and turns down the rest', async () => {
  const home = homeAt(data);
  const file = home.tillFile(0);
  mkdirSync(dirname(file), { recursive: true });
  const office = await openOrCreateOffice(home, 'Shop');
  await enrolDevice(office, await deviceKey(file), 'Buyer', 'agent');
  const agent = await openTill(file, office.id);
  await agent.import(await office.export());
  await agent.anchor();
  const lines = [{ sku: 'MUG', name: 'Mug', quantity: 150, unitCostMilliMinor: 10_000 }];
  const wanted = { day: '2026-11-21', currency: 'GBP', supplier: 'S-1', lines };
  expect(await agent.commit('purchase.order', wanted)).toMatchObject({ ok: false, code: 'guards/no-authority' });
  for (let ask = 0; ask < 2; ask++) await agent.commit('order.ask', wanted);
  await office.import(await agent.export());
  await Promise.all([agent.close(), office.close()]);

  const { asked } = await tally('purchases');
  expect(asked).toMatchObject([{ number: 'ASK/Buyer/2026-11-21/1' }, { number: 'ASK/Buyer/2026-11-21/2' }]);
  const { stdout } = await runTally('purchases', '--data', data);
  expect(stdout).toMatch(/ASK\/Buyer\/2026-11-21\/1 +Buyer +S-1 +150 MUG +15\.00 GBP/);
  const approved = await tally('order', 'approve', '--asked', 'ASK/Buyer/2026-11-21/1');
  expect(approved['number']).toBe('PO/Office/2026-11-21/1');
  await tally('order', 'reject', '--asked', 'ASK/Buyer/2026-11-21/2', '--reason', 'enough of them');
  const decided = await tally('purchases');
  expect(decided['asked']).toEqual([]);
  expect(decided['purchases']).toMatchObject([{ number: 'PO/Office/2026-11-21/1', ordered: 150 }]);
  const again = await runTally('order', 'approve', '--asked', 'ASK/Buyer/2026-11-21/2', '--data', data);
  expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('retail/order-decided')]);
  const mistyped = await runTally('order', 'approve', '--asked', 'ASK/Buyer/2026-11-21/9', '--data', data);
  expect([mistyped.status, mistyped.stderr]).toEqual([2, expect.stringContaining('nobody asked for')]);
});
