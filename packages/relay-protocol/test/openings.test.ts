// Scopes are counted, and nobody can open so many that those who run the shop have none left; what was opened in good faith comes back.
import { parseScope, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { describe, expect, it } from 'vitest';
import type { RelayLimits } from '../src/index.ts';
import { clientOf, type Desk, openDesk, post } from './desk.ts';
import { createFleet, type Fleet, forge, hq, type Writer } from './fleet.ts';

const startMs = 1_764_500_000_000;
const scopeAt = (index: number): Scope => parseScope(`b/${index}`) as Scope;

interface Shop extends Desk {
  readonly fleet: Fleet;
  readonly manager: Writer;
  readonly van: Writer;
  readonly customer: Writer;
  /** Opens the scope by the writer's first op in it: `ok`, or the code. */
  open(writer: Writer, index: number): Promise<string>;
  revoke(writer: Writer): Promise<unknown>;
}

async function openShop(limits: Partial<RelayLimits>, now: () => number = () => startMs): Promise<Shop> {
  const opened = openDesk({ limits, now });
  const client = clientOf(opened.relay, { retry: { attempts: 1 } });
  const desk: Desk = { ...opened, push: (book, records, scope = hq) => client.push(book, scope, records) };
  const fleet = createFleet();
  const [manager, van, customer] = (['manager', 'van', 'customer'] as const).map((role) => fleet.enrol(role, role));
  if (manager === undefined || van === undefined || customer === undefined) throw new Error('nobody');
  await desk.push(fleet.book, [fleet.genesis, manager.enrolment, van.enrolment, customer.enrolment]);
  return {
    ...desk,
    fleet,
    manager: manager.writer,
    van: van.writer,
    customer: customer.writer,
    open: (writer, index) =>
      desk.push(fleet.book, [writer.craft({ scope: scopeAt(index) })], scopeAt(index)).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      ),
    revoke: ({ key }) =>
      desk.push(fleet.book, [
        fleet.root.write({ verb: 'device.revoke@1', args: { device: key.device, reason: 'stolen' } }),
      ]),
  };
}

describe('the scopes of a book', () => {
  it('are opened by a van or a customer so many a day, and by an owner or manager as they need', async () => {
    let nowMs = startMs;
    const { open, van, customer, manager, fleet, push } = await openShop({ openingsPerDay: 2 }, () => nowMs);
    for (const writer of [van, customer]) {
      const from = writer === van ? 0 : 10;
      expect([await open(writer, from), await open(writer, from + 1), await open(writer, from + 2)]).toEqual([
        'ok',
        'ok',
        'relay/rate',
      ]);
    }
    // The name of an owner opens nothing; an op that the owner signed does, whoever else is in the push.
    const stowaway = van.craft({ scope: scopeAt(20) });
    const owners = fleet.root.craft({ scope: scopeAt(20) });
    for (const refused of [forge(owners), fleet.root.craft({ scope: scopeAt(21) })])
      await expect(push(fleet.book, [stowaway, refused], scopeAt(20))).rejects.toMatchObject({ code: 'relay/rate' });
    expect((await push(fleet.book, [stowaway, owners], scopeAt(20))).results).toMatchObject([
      { position: 0 },
      { position: 1 },
    ]);
    for (let index = 30; index < 36; index++) expect(await open(manager, index)).toBe('ok');
    // In a scope that is there they write as before, and the next day opens more.
    expect((await push(fleet.book, [van.craft({ scope: scopeAt(30) })], scopeAt(30))).results[0]?.position).toBe(1);
    nowMs += 86_400_000;
    expect(await open(van, 3)).toBe('ok');
  });

  it('are never all gone for an owner who is active', async () => {
    const { open, van, manager, fleet, revoke } = await openShop({ maxScopes: 16 });
    for (let index = 1; index < 14; index++) expect(await open(van, index)).toBe('ok');
    await revoke(manager);
    for (const writer of [van, manager]) expect(await open(writer, 14)).toBe('relay/quota');
    expect([await open(fleet.root, 14), await open(fleet.root, 15), await open(fleet.root, 16)]).toEqual([
      'ok',
      'ok',
      'relay/quota',
    ]);
  });

  it('come back to a relay that learns first who was revoked since', async () => {
    const shop = await openShop({ openingsPerDay: 2 });
    for (let index = 0; index < 5; index++) expect(await shop.open(shop.manager, index)).toBe('ok');
    await shop.revoke(shop.manager);
    const { book } = shop.fleet;
    const filled = openDesk({ limits: { openingsPerDay: 2 }, now: () => startMs });
    for (const scope of [hq, ...[0, 1, 2, 3, 4].map(scopeAt)]) {
      const { frames } = await shop.client.pull(book, scope, 0);
      await post(filled, book, encodeBundle(frames.map((bytes) => ({ bytes }))), {}, scope);
      const [before, after] = [await shop.store.log(book, scope), await filled.store.log(book, scope)];
      expect([scope, after?.root]).toEqual([scope, before?.root]);
    }
  });
});
