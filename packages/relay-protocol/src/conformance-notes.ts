// The clauses of docs/spec/relay.md about notes that a relay is shown: what devices cosign, and how a log stands.
import { cosignCheckpoint, openCosignature } from '@tallystick/chain/op-proof';
import { type Clause, clause, codeOf } from './conformance-clause.ts';
import {
  ensure,
  ensureSaid,
  follow,
  hq,
  openStage,
  push,
  readAs,
  type Stage,
  type Subject,
  tipOf,
  verifyBy,
  type Writer,
} from './conformance-stage.ts';
import { originOf } from './receipt.ts';
import { noteDigest, verifyStanding } from './standing.ts';

/** Hands in the cosignature of `note`; answers the checkpoint of another device. */
async function cosign(subject: Subject, stage: Stage, { key }: Writer, note: string): Promise<string> {
  const cosigner = { name: key.device, publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const cosigned = await cosignCheckpoint(note, cosigner, 1_764_500_000, subject.hasher);
  return subject.client.cosign(stage.book, hq, key.device, cosigned);
}

async function requireLine(subject: Subject, { key }: Writer, note: string, otherwise: string): Promise<void> {
  const cosigner = { name: key.device, publicKey: key.publicKey };
  ensure((await openCosignature(note, cosigner, verifyBy(subject), subject.hasher)).ok, otherwise);
}

async function checkCosignatures(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [one, two] = stage.tills;
  const reader = readAs(subject, stage.root);
  const note = await reader.checkpoint(stage.book, hq);
  ensureSaid(await cosign(subject, stage, one, note), '', 'what the first device hears of others');
  const heard = await cosign(subject, stage, two, note);
  await requireLine(subject, one, heard, 'the second device does not hear what the first one said');
  const served = await reader.cosigned(stage.book, hq, 2);
  for (const till of stage.tills) await requireLine(subject, till, served, 'a line of a device is not served');
  const alien = await openStage(subject, { isPushed: false });
  const stranger = await codeOf(cosign(subject, stage, alien.tills[0], note));
  ensureSaid(stranger, 'relay/cosignature', 'the word of a stranger');
  await push(subject, stage, [await stage.root.write()]);
  const { size } = await tipOf(subject, stage, await reader.cosigned(stage.book, hq, 2));
  ensureSaid(size, stage.opening.length, 'the size that two devices cosigned, after the log has grown');
  ensureSaid(await codeOf(reader.cosigned(stage.book, hq, 3)), 'relay/not-cosigned', 'a checkpoint cosigned by three');
  const args = { device: one.key.device, reason: 'lost' };
  await push(subject, stage, [await stage.root.write({ verb: 'device.revoke@1', args })]);
  const revoked = await codeOf(reader.cosigned(stage.book, hq, 2));
  ensureSaid(revoked, 'relay/not-cosigned', 'a checkpoint cosigned by two, one of whom is revoked');
}

async function checkStanding(subject: Subject): Promise<void> {
  const { client, relay, hasher } = subject;
  const stage = await openStage(subject);
  const check = { key: relay, origin: originOf(relay, stage.book, hq), verify: verifyBy(subject), hasher };
  const [before, { receipts }] = [
    await readAs(subject, stage.root).checkpoint(stage.book, hq),
    await push(subject, stage, [await stage.tills[0].write()]),
  ];
  const { tip } = await follow(subject, stage, stage.root);
  const { root } = await tipOf(subject, stage, tip.note);
  const shown: readonly [string, string][] = [
    ['a checkpoint', before],
    ['a receipt', receipts[0] ?? ''],
    ['a cosigned checkpoint', `${before}— ${stage.root.key.device} ${'A'.repeat(104)}\n`],
  ];
  for (const [what, note] of shown) {
    const standing = await verifyStanding(await client.standing(stage.book, hq, note), check);
    ensure(standing.ok, `the standing for ${what} is not valid: ${standing.ok ? '' : standing.code}`);
    const { size, root: said, after } = standing.value;
    ensureSaid(after, noteDigest(note, relay, hasher), `the digest in the standing for ${what}`);
    ensureSaid(`${size} ${said}`, `${tip.size} ${root}`, `size and root in the standing for ${what}`);
  }
  const other = await openStage(subject);
  const elsewhere = await readAs(subject, other.root).checkpoint(other.book, hq);
  const refused: readonly [string, string][] = [
    ['a note about another book', elsewhere],
    [
      'a note whose signature is another',
      before.replace(/(— \S+ ).*/u, elsewhere.slice(elsewhere.indexOf('— ')).trimEnd()),
    ],
    [
      'a note without a line of this relay',
      before.replace(relay.name, `x.${relay.name}`).replace(`— ${relay.name}`, `— x.${relay.name}`),
    ],
    ['a receipt with another hash', (receipts[0] ?? '').replace(/[0-9a-f]{64}/, 'ab'.repeat(32))],
  ];
  for (const [what, note] of refused)
    ensureSaid(await codeOf(client.standing(stage.book, hq, note)), 'relay/standing', what);
}

export const noteClauses: readonly Clause[] = [
  clause(
    'cosignatures',
    'Cosignatures',
    'the word of a device is kept and served, that of a stranger is not',
    checkCosignatures,
  ),
  clause(
    'standing',
    'Standing',
    'who shows a note of the relay hears how the log stands, and nobody else',
    checkStanding,
  ),
];
