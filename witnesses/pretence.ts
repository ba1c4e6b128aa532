/** Whoever pretends: another device's id, another book's op, a relay with two faces, numbers made to overflow, a copy of a till. */
import { parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { nodeCrypto } from '@tallystick/kernel/node';
import { type JsonObject, type OpHash, OplogError, type OpRecord } from '@tallystick/oplog';
import { createMemoryRelayStore, RelayError, verifyCheckpoint } from '@tallystick/relay-protocol';
import { verifyRelayProof } from '@tallystick/relay-protocol/proof';
import { bookFileOf, createWriter, type Writer } from '@tallystick/testkit';
import type { Witness } from './claim.ts';
import { count, type Device, type Firm, must, openingMs, type Play, playsOf, sales } from './firm.ts';
import { hq, saleOf, sellMany, withShop } from './shop.ts';

const { verify } = nodeCrypto.ed25519;

/** A device takes the id of another's sale for one of its own. The fault: it takes an id of its own. */
const squattedId: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  const thief = await firm.enlist('thief', 'till');
  const { id } = must(await till.book.commit('sale.complete', saleOf('tea', 1)));
  const writer = await writerOf(firm, thief);
  const op = broken ? {} : { id: id as never };
  const forged = await writer.write({ verb: 'sale.complete@1', args: saleOf('gold', 1) as never, op });
  const orders = [firm.office, thief.book];
  await firm.office.import(await till.book.export());
  for (const book of orders) await book.import(bookFileOf(book.id, [forged]));
  await thief.book.import(await till.book.export());
  const refused = count(firm.office, "SELECT count(*) AS n FROM refusals WHERE code = 'kernel/duplicate-id'");
  const [one, other] = orders.map((book) => book.digest().digest);
  return {
    of: { ops: 2 },
    facts: { counted: sales(firm.office), refused, same: one === other },
    holds: sales(firm.office) === 1 && refused === 1 && one === other,
  };
};

/** An op that is well signed in one book is handed into another. The fault: it is handed into its own. */
const foreignBook: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  await sellMany(till.book, 3);
  const records = (await till.book.log.pending(hq)).filter(({ op }) => op.device === till.book.device);
  let taken = 0;
  let aside = 0;
  const hand = async (book: Firm['office']): Promise<void> => {
    const report = await book.import(bookFileOf(book.id, records));
    taken = sales(book);
    aside = report.aside.length;
  };
  if (broken) await hand(firm.office);
  else await withShop(async ({ office }) => hand(office));
  return { of: { ops: records.length }, facts: { taken, aside }, holds: taken === 0 && aside === records.length };
};

/** The relay shows two devices two histories, both under its own key. The fault: it has only one to show. */
const twoFaces: Play = async ({ office, relay, meet, enlist }, broken) => {
  const till = await enlist('till', 'till');
  await sellMany(till.book, 3);
  await meet(office);
  await till.book.sync(relay.client());
  await sellMany(office, 9);
  if (!broken) {
    await relay.restart(createMemoryRelayStore());
    const { log } = office;
    const records = [...(await log.settled(hq, 0, log.tip(hq).size)), ...(await log.pending(hq))];
    await relay.client().push(office.id, hq, records);
  }
  const evidence = await evidenceOf(() => till.book.sync(relay.client()));
  const key = parseVerifierKey(relay.vkey, nodeHasher);
  if (!key.ok) throw new Error(key.code);
  const check = { key: key.value, origin: `relay.test/${office.id}/hq`, verify: verifyNote, hasher: nodeHasher };
  const opened = await Promise.all(evidence.map((note) => verifyCheckpoint(note, check)));
  const signed = opened.filter(({ ok }) => ok).length;
  // Kept, and such that who has nothing but the relay's key believes it.
  const proofs = till.book.status().relayFindings.map(({ proof }) => proof);
  const judged = await Promise.all(
    proofs.map((proof) => verifyRelayProof(proof, { relay: key.value, verify: verifyNote, hasher: nodeHasher })),
  );
  const proved = judged.filter(({ ok }) => ok).length;
  return {
    of: { ops: 3 },
    facts: { notes: evidence.length, signed, proved },
    holds: signed === 2 && proved === 1,
  };
};

/** Numbers and names made to overflow, through the front door and by hand past it. The fault: one of them is an honest sale. */
const hostileNumbers: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  const writer = await writerOf(firm, till);
  const [line] = saleOf('tea', 1).lines;
  const [tender] = saleOf('tea', 1).tenders;
  const lines = (change: object): object => ({ ...saleOf('tea', 1), lines: [{ ...line, ...change }] });
  const hostile: readonly object[] = [
    ...[2 ** 53, -1, 0, 1e9 + 1].map((quantity) => lines({ quantity })),
    lines({ quantity: 1e9, unitPriceMilliMinor: 1e13 }),
    lines({ unitPriceMilliMinor: -1 }),
    lines({ taxRateBasisPoints: 1e15 }),
    lines({ sku: '' }),
    lines({ sku: 'x'.repeat(65) }),
    lines(JSON.parse('{"__proto__":{"quantity":1}}') as object),
    { ...saleOf('tea', 1), lines: Array.from({ length: 2_001 }, () => line) },
    { ...saleOf('tea', 1), lines: [] },
    { ...saleOf('tea', 1), tenders: [{ ...tender, amountMinor: Number.MAX_SAFE_INTEGER }, tender] },
    { ...saleOf('tea', 1), currency: '__proto__' },
    { ...saleOf('tea', 1), day: '2026-02-30' },
    ...(broken ? [saleOf('tea', 1)] : []),
  ];
  const said = new Set<string>();
  let byHand = 0;
  for (const args of [...hostile, lines({ quantity: 0.5 }), lines({ quantity: Number.NaN }), lines({ quantity: -0 })]) {
    const commit = await till.book.commit('sale.complete', args as never);
    said.add(commit.ok ? 'taken' : commit.code);
  }
  for (const args of hostile) {
    const written = await writeByHand(writer, args);
    if (written === undefined) continue;
    byHand += 1;
    await firm.office.import(bookFileOf(firm.office.id, [written]));
  }
  const refused = count(firm.office, 'SELECT count(*) AS n FROM refusals');
  return {
    of: { args: hostile.length, byHand },
    facts: { taken: sales(till.book) + sales(firm.office), refused, codes: [...said].join(',') },
    holds: sales(till.book) + sales(firm.office) === 0 && refused === byHand && !said.has('taken'),
  };
};

/** A till's tab is cloned, and both sell. The fault: the other tab has a key of its own, so there is no copy to find. */
const clonedTab: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  await sellMany(till.book, 2);
  const clone = broken
    ? (await firm.enlist('other', 'till')).book
    : await firm.open({ ...till, path: `${till.path}.copy` });
  await clone.import(await till.book.export());
  await clone.anchor();
  await sellMany(till.book, 3);
  await sellMany(clone, 4);
  await firm.meet(till.book, clone, firm.office, till.book);
  const forked = [till.book, clone].filter((book) => book.status().scopes.some((scope) => scope.forked)).length;
  const before = sales(firm.office);
  const waited = firm.office.quarantine().length;
  for (const commit of await firm.office.recoverAll(till.book.device)) must(commit);
  const counted = sales(firm.office);
  return {
    of: { sold: 9 },
    facts: { forked, before, waited, counted },
    holds: forked === 2 && waited > 0 && before + waited === 9 && counted === 9,
  };
};

/** The next op of a device's chain, made past the kernel. */
async function writerOf({ office }: Firm, { book, keys }: Device): Promise<Writer> {
  const key = await keys.load('device');
  const [row] = office.query<{ enrolment: string }>('SELECT enrolment FROM devices WHERE device = ?', [book.device]);
  if (key === undefined || row === undefined) throw new Error('the device is not enrolled');
  const after = row.enrolment as OpHash;
  return createWriter({ key, book: office.id, after, hasher: nodeHasher, atMs: openingMs });
}

/** Undefined where no canonical op can say that. */
async function writeByHand(writer: Writer, args: object): Promise<OpRecord | undefined> {
  try {
    return await writer.write({ verb: 'sale.complete@1', args: args as JsonObject });
  } catch (error) {
    if (error instanceof OplogError) return undefined;
    throw error;
  }
}

async function evidenceOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return error instanceof RelayError && error.code === 'relay/inconsistent' ? error.evidence : [];
  }
}

function verifyNote(key: Uint8Array, message: Uint8Array, signature: Uint8Array): ReturnType<typeof verify> {
  return verify(key, message, signature);
}

export const pretence: Witness = playsOf('pretence', {
  'squatted-id': squattedId,
  'foreign-book': foreignBook,
  'two-faces': twoFaces,
  'hostile-numbers': hostileNumbers,
  'cloned-tab': clonedTab,
});
