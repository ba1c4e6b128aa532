/** Who forgets a person, and who only says so: certificates that lie, a person whom the law keeps, and a name that a program writes in the clear. */
import { certifyErasure, publicText, verifyByBook, verifyCertificate } from '@tallystick/kernel/subjects';
import { nodeCrypto } from '@tallystick/kernel/node';
import { defineVerb, type Verb } from '@tallystick/kernel';
import { decodeHex, encodeHex } from '@tallystick/oplog';
import { personDescribe } from '@tallystick/retail';
import type { DeviceKey, KeyStore } from '@tallystick/sign';
import * as z from 'zod';
import { count, must, type Play } from './firm.ts';
import { day, meet, name, scene, shown } from './person.ts';
import { type ShopBook, verbs } from './shop.ts';

const preamble = 'tallystick/erasure-certificate/1\n';

async function keyOf(keys: KeyStore): Promise<DeviceKey> {
  const key = await keys.load('device');
  if (key === undefined) throw new Error('a witness has no key');
  return key;
}

/** What a program of the liar's own makes of a certificate: other words over the same ops, signed by a key of the book. */
async function retell(text: string, key: DeviceKey, tell: (lines: string[]) => string[]): Promise<string> {
  const signed = tell(text.slice(0, text.lastIndexOf('\nSigned: ')).split('\n')).join('\n');
  const signature = await key.sign(new TextEncoder().encode(preamble + signed));
  return `${signed}\nSigned: ${key.keyId} ${encodeHex(signature)}\n`;
}

/** Says of nobody that he is left: the words, the count and the lines of who has not acknowledged. */
function leavingOut(lines: string[]): string[] {
  const from = lines.findIndex((line) => line.includes('have NOT acknowledged'));
  const to = lines.indexOf('', from);
  const facts = lines.findIndex((line) => line.startsWith('For programs: '));
  const outstanding = to - from - 1;
  return [
    ...lines.slice(0, from),
    'Nobody is left who has not acknowledged.',
    ...lines.slice(to, facts),
    (lines[facts] as string).replace(`"outstanding":${outstanding}`, '"outstanding":0'),
    ...lines.slice(facts + 1 + outstanding),
  ];
}

/** The last acknowledgement once more, in words, in the count and in the ops. */
function countingTwice(lines: string[]): string[] {
  const last = lines.findLastIndex((line) => /^ {2}device [0-9a-f]{64} on /.test(line));
  const told = lines.with(last, `${lines[last]}\n${lines[last]}`);
  const said = told.findIndex((line) => line.includes(' acknowledged: '));
  const number = Number.parseInt(told[said] as string, 10);
  return [
    ...told.with(said, (told[said] as string).replace(String(number), String(number + 1))),
    lines.at(-1) as string,
  ];
}

/** By the keys of the book alone, as a reader who does not ask it what took effect. */
function byKeysAlone(text: string, book: ShopBook) {
  const raw = (keyId: string): Uint8Array | undefined => {
    const [row] = book.query<{ key: string }>('SELECT key FROM devices_history WHERE keyId = ? LIMIT 1', [keyId]);
    return row && decodeHex(row.key);
  };
  return verifyCertificate(text, {
    book: book.id,
    ed25519: nodeCrypto.ed25519,
    keyOf: raw,
    publicKeyOf: (keyId) => raw(keyId),
  });
}

/** A manager who lies in six ways about who has forgotten Anna. The fault: the certificates are read by the keys alone, without the book. */
export const lyingCertificate: Play = async (firm, broken) => {
  const { office, members, managerKeys, tillKeys, away, subject } = await scene(firm);
  const ben = await office.desk.open('customer');
  if (!('seal' in ben)) throw new Error(ben.code);
  await meet(firm, members);
  const here = members.filter((one) => one !== away);
  for (const person of [subject, ben.subject]) {
    must(await office.book.commit('subject.shred', { subject: person, basis: 'request', day }));
    // One after the other: nobody acknowledges both in one op.
    await meet(firm, here);
  }
  const key = await keyOf(managerKeys);
  const honest = (await certifyErasure({ book: office.book, subject, day, key })) ?? '';
  const ofBen = (await certifyErasure({ book: office.book, subject: ben.subject, day, key })) ?? '';
  const replaced = (from: string, to: string) => (lines: string[]) => lines.map((line) => line.replaceAll(from, to));
  const lies = {
    leftOut: await retell(honest, key, leavingOut),
    twice: await retell(honest, key, countingTwice),
    another: await retell(ofBen, key, replaced(ben.subject, subject)),
    altered: await retell(honest, key, (lines) => [...lines.slice(0, -1), `${lines.at(-1)?.slice(0, -2)}00`]),
    foreign: await retell(honest, key, replaced(office.book.id, 'd1'.repeat(32))),
    tills: await retell(honest, await keyOf(tillKeys), (lines) => lines),
  };
  const check = broken ? byKeysAlone : (text: string, book: ShopBook) => verifyByBook(text, book, nodeCrypto.ed25519);
  const believed = [];
  for (const [lie, text] of Object.entries(lies)) if ((await check(text, office.book)).ok) believed.push(lie);
  const isHonest = (await check(honest, office.book)).ok;
  return {
    of: { lies: Object.keys(lies).length, length: honest.length },
    facts: { believed: believed.join(',') || 'none', honest: isHonest },
    holds: isHonest && believed.length === 0,
  };
};

/** The law keeps Anna, and a manager who has not heard of that orders her erasure. The fault: nobody has told the book. */
export const legalHold: Play = async (firm, broken) => {
  const { office, members, manager, subject } = await scene(firm);
  const order = { subject, basis: 'request', day } as const;
  const hold = { subject, basis: 'tax-records', untilDay: '2036-12-31' } as const;
  if (!broken) must(await office.book.commit('subject.hold', { ...hold, held: 1 }));
  const refused = await office.book.commit('subject.shred', order);
  await firm.meet(office.book);
  // Out of touch, so that it is told nothing; when its op has its place, the hold was there before.
  const early = await manager.book.commit('subject.shred', order);
  await meet(firm, members);
  const during = new Set(await Promise.all(members.filter(({ desk }) => desk !== undefined).map(shown)));
  const keys = await office.keyring.keys(subject);
  if (!broken) must(await office.book.commit('subject.hold', { ...hold, held: 0 }));
  const lifted = await office.book.commit('subject.shred', order);
  await meet(firm, members);
  const after = await Promise.all(members.map(shown));
  return {
    of: { devices: members.length, early: Number(early.ok) },
    facts: {
      refused: refused.ok ? 'no' : refused.code,
      kept: during.has(name),
      keys: keys.length,
      lifted: lifted.ok,
      after: [...new Set(after)].join(','),
    },
    holds:
      !refused.ok &&
      refused.code === 'erasure/held' &&
      during.has(name) &&
      !during.has('erased') &&
      keys.length === 1 &&
      lifted.ok &&
      after.every((word) => word === 'erased'),
  };
};

/** The verbs of a program that takes a name as it is written. */
function openVerbs(): readonly Verb[] {
  const words = publicText(z.string(), 'a program that does not care').exactOptional();
  const subject = z.string().regex(/^[0-9a-f]{32}$/);
  const customer = z.string().regex(/^[A-Z]-[0-9]+$/);
  const args = z.strictObject({ customer, subject, name: words, phone: words, email: words, note: words });
  const open = defineVerb({ ...personDescribe, args });
  return verbs.map((verb) => (verb.ref === open.ref ? (open as Verb) : verb));
}

/** A till whose program does not seal writes a name down. Its own op says so on every other device. The fault: they run that program, too. */
export const inTheClear: Play = async (firm, broken) => {
  const { subject } = await scene(firm);
  const careless = await firm.enlist('careless', 'till', { instead: openVerbs() });
  const judge = await firm.enlist('judge', 'manager', broken ? { instead: openVerbs() } : {});
  const written = { customer: 'C-18', subject, name: 'Ben Green' };
  const atCommit = await firm.office.commit('person.describe', written);
  must(await careless.book.commit('person.describe', written));
  await firm.meet(careless.book, judge.book);
  const rows = count(judge.book, "SELECT count(*) AS n FROM persons WHERE customer = 'C-18'");
  const refusals = judge.book.query<{ code: string; device: string }>(
    "SELECT code, device FROM refusals WHERE code = 'erasure/in-the-clear'",
  );
  const named = refusals.filter(({ device }) => device === careless.book.device).length;
  return {
    of: { ops: count(careless.book, "SELECT count(*) AS n FROM persons WHERE customer = 'C-18'") },
    facts: { commit: atCommit.ok ? 'taken' : atCommit.code, rows, refused: named },
    holds: !atCommit.ok && atCommit.code === 'erasure/in-the-clear' && rows === 0 && named === 1,
  };
};
