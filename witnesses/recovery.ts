/** A till burns down with its backups elsewhere; a mailbox lies in every way it can; relay and office are gone and the edges tell what there was. */
import { createOrganisationIdentity } from '@tallystick/custody';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { dayBook, trialBalance } from '@tallystick/ledger';
import {
  type BackupPlace,
  createBackupKeeper,
  filesIn,
  findWrongTimes,
  type FoundFile,
  judgeBackups,
  type Judgement,
  memoryPlace,
  rebuildBook,
  restoreBook,
} from '@tallystick/recovery';
import { createLocalRelay, type LocalRelay } from '@tallystick/testkit';
import type { Trial, Witness } from './claim.ts';
import { saleOf, sellMany, short, type TwoDevices, verbs, withShop } from './shop.ts';

const claims = ['burnt-till', 'lying-mailbox', 'blackout', 'wrong-clock'] as const;
const dayMs = 24 * 60 * 60 * 1000;
const sales = 4;
const crypto = nodeCrypto;

export const recovery: Witness = {
  name: 'recovery',
  claims,
  run: (trial) =>
    withShop(async (shop) => {
      const relay = await createLocalRelay({ crypto });
      await shop.office.sync(relay.client());
      await shop.till.sync(relay.client());
      const place = memoryPlace('mailbox');
      const owner = await createOrganisationIdentity();
      const openers = [{ kind: 'organisation', identity: owner.identity }] as const;
      const keeper = createBackupKeeper({
        book: shop.till,
        hasher: crypto.hasher,
        recipients: () => [owner.recipient],
        places: [place],
        state: { load: () => undefined, save: () => undefined },
      });
      await keeper.backUp();
      await sellMany(shop.till, sales);
      await keeper.backUp();
      const judge = (files: readonly FoundFile[], known?: number): Promise<Judgement> =>
        judgeBackups(files, {
          openers,
          crypto,
          book: shop.office.id,
          ...(known === undefined ? {} : { knownNumber: known }),
        });
      await mailbox(trial, place, owner.recipient, judge);
      await burntTill(trial, shop, relay, await judge(await filesIn(place)));
      await blackout(trial, shop, relay);
      await relay.close();
      // A shop of its own: what the other faults leave behind would hide this one.
      await withShop((own) => wrongClock(trial, own));
    }),
};

const countSales = (book: Pick<TwoDevices['till'], 'query'>): number =>
  Number(book.query<{ n: number }>("SELECT count(*) AS n FROM documents WHERE kind = 'sale'")[0]?.n);

/** The fault: the delta with the last sales does not come back, and no relay heard of them. */
async function burntTill(
  { broken, claim }: Trial,
  shop: TwoDevices,
  relay: LocalRelay,
  { chosen }: Judgement,
): Promise<void> {
  if (chosen === undefined) throw new Error('nothing was chosen');
  const kept = broken ? { ...chosen, deltas: [], heads: [] } : chosen;
  const { book } = await restoreBook({ chosen: kept, store: nodeStore(':memory:'), keys: shop.tillKeys, verbs });
  const early = await book.commit('day.open', { day: '2026-11-22' });
  await book.sync(relay.client());
  await sellMany(book, 1);
  await book.sync(relay.client());
  await shop.office.sync(relay.client());
  const counted = [countSales(book), countSales(shop.office)];
  const forked = book.status().scopes.some((scope) => scope.forked);
  const facts = { claim: 'burnt-till', till: counted[0] ?? 0, office: counted[1] ?? 0, forked, wroteBlindly: early.ok };
  claim({ sales: sales + 1 }, facts, !forked && !early.ok && counted.every((count) => count === sales + 1));
  await book.close();
}

/** The fault: a mailbox that changes nothing, so there is nothing to tell. */
async function mailbox(
  { broken, claim }: Trial,
  place: BackupPlace,
  recipient: string,
  judge: (files: readonly FoundFile[], known?: number) => Promise<Judgement>,
): Promise<void> {
  const files = await filesIn(place);
  const [newest] = files.filter(({ name }) => name.includes('-delta.'));
  if (newest === undefined) throw new Error('there is no delta');
  const changed = (bytes: Uint8Array): FoundFile[] =>
    files.map((file) => (file === newest && !broken ? { ...file, bytes } : file));
  const { bytes } = newest;
  const codeOf = async (given: readonly FoundFile[], known?: number): Promise<string> => {
    const { verdicts, findings } = await judge(given, known);
    return verdicts.find(({ code }) => code !== undefined)?.code ?? findings[0]?.code ?? 'believed';
  };
  const told = {
    cut: await codeOf(changed(bytes.subarray(0, bytes.length - 1))),
    changed: await codeOf(changed(bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte)))),
    strange: await codeOf(changed(await strangersPart(recipient))),
    older: await codeOf(broken ? files : files.filter((file) => file !== newest), broken ? 1 : 2),
  };
  const wanted = ['recovery/truncated', 'recovery/damaged', 'recovery/foreign', 'recovery/older'];
  claim({ files: files.length }, { claim: 'lying-mailbox', ...told }, Object.values(told).join() === wanted.join());
}

/** Anybody can seal to the owner: here the backup of another shop. */
async function strangersPart(recipient: string): Promise<Uint8Array> {
  const place = memoryPlace();
  await withShop(async ({ office }) => {
    const state = { load: () => undefined, save: () => undefined };
    await createBackupKeeper({
      book: office,
      hasher: crypto.hasher,
      recipients: () => [recipient],
      places: [place],
      state,
    }).backUp();
  });
  return (await filesIn(place))[0]?.bytes ?? new Uint8Array();
}

/** The fault: the till that is left is not the last that met the relay. */
async function blackout({ broken, claim }: Trial, shop: TwoDevices, relay: LocalRelay): Promise<void> {
  if (!broken) await shop.till.sync(relay.client());
  const survivors = [{ name: 'till', log: shop.till.log }];
  const { book, survey } = await rebuildBook({
    store: nodeStore(':memory:'),
    keys: shop.tillKeys,
    verbs,
    book: shop.office.id,
    survivors,
  });
  const [digest, wanted] = [book.digest().digest, shop.office.digest().digest];
  const held = survey.scopes.reduce((sum, scope) => sum + scope.held, 0);
  const facts = { claim: 'blackout', missing: survey.missing.length, digest: short(digest) };
  claim({ held }, facts, digest === wanted && survey.missing.length + survey.positions.length === 0);
  await book.close();
}

/** The fault: nobody corrects what the clock put on a day that has not been. */
async function wrongClock({ broken, claim }: Trial, { office, till }: TwoDevices): Promise<void> {
  const relay = await createLocalRelay({ crypto });
  await office.sync(relay.client());
  await till.sync(relay.client());
  const nowMs = Date.now();
  const [today, ahead] = [0, 3 * dayMs].map((ms) => new Date(nowMs + ms).toISOString().slice(0, 10)) as [
    string,
    string,
  ];
  const request = {
    verb: 'sale.complete' as const,
    args: { ...saleOf('apple', 1), day: ahead },
    at: nowMs + 3 * dayMs,
  };
  const [sold] = await till.commitAll([request]);
  await sellMany(till, 1);
  await till.sync(relay.client());
  await office.sync(relay.client());
  const found = await findWrongTimes(office.log, { nowMs, trusted: [office.device] });
  const reason = 'the clock was three days ahead';
  for (const { id } of broken ? [] : found) await office.commit('entry.redate', { of: id, day: today, reason });
  const onAhead = dayBook(office, ahead).reduce((sum, { amountMinor }) => sum + Math.max(0, amountMinor), 0);
  const moved = dayBook(office, ahead).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const left = trialBalance(office, { from: ahead, to: ahead }).length;
  const facts = { claim: 'wrong-clock', found: found.length, accountsLeft: left, posted: onAhead, outOfBalance: moved };
  const isIt = sold?.ok === true && found[0]?.id === sold.id;
  claim({ days: 3 }, facts, isIt && found.length === 1 && left === 0 && moved === 0 && onAhead > 0);
  await relay.close();
}
