/**
 * @tallystick/kernel/tally. Countersigning: one device offers, the one it names accepts or declines, each by an op of its own chain that fixes the other's by hash. Whoever
 * holds both records holds both halves of the tally, and `verifyTally` says so. Spec: docs/spec/tally.md. Custody, claims and handoffs build on the table; the verbs know nothing of goods or money.
 */
import { encodeCanonical } from '@tallystick/oplog';
import { defaultRevokes, type Role } from '@tallystick/sign';
import { devices, schemaOf } from './builtin-tables.ts';
import { type Effect, type RegisterTable, registerTable } from './table.ts';
import { type AcceptArgs, type DeclineArgs, isAccept, isDecline, isOffer, type OfferArgs } from './tally-args.ts';
import { defineVerb, type OpFacts, refuse, type Refusal, type Verb, type View } from './verb.ts';

export { proveOp, readTally, type Tally, type TallyHalf } from './receipt.ts';
export type { AcceptArgs, DeclineArgs, OfferArgs } from './tally-args.ts';
export { type SignedTally, type TallyCheck, type TallyCode, type TallyRecords, verifyTally } from './verify-tally.ts';

type Text = 'text';

/** Tallies by the hash of the offer. `state` is `offered`, `accepted` or `declined`; `answer` the hash of the op that said so, or ''. */
export const tallies: RegisterTable<
  { offer: Text },
  { from: Text; to: Text; kind: Text; subject: Text; terms: Text; state: Text; answer: Text; reason: Text }
> = registerTable('tallies', {
  key: { offer: 'text' },
  columns: {
    from: 'text',
    to: 'text',
    kind: 'text',
    subject: 'text',
    terms: 'text',
    state: 'text',
    answer: 'text',
    reason: 'text',
  },
});

/** Everyone who acts in a book; an auditor only reads. */
const parties: readonly Role[] = defaultRevokes('owner').filter((role) => role !== 'auditor');

export const tallyOffer: Verb<'tally.offer', OfferArgs> = defineVerb({
  name: 'tally.offer',
  version: 1,
  roles: parties,
  tables: [devices, tallies],
  args: schemaOf<OfferArgs>(isOffer, '{ to: device, kind: 1 to 64 characters, subject: 1 to 200, terms: object }', {
    kind: 'a sort of tally',
    subject: 'the number of what it is about',
    terms: 'what both agree on, in the words of the kind',
  }),
  plan: (view, op, { to, kind, subject, terms }) => {
    if (to === op.device) return refuse('tally/own-tally');
    if (view.get(devices, { device: to }) === undefined && view.hq.get(devices, { device: to }) === undefined)
      return refuse('tally/unknown-device', { device: to });
    const parts = { from: op.device, to, kind, subject, terms: encodeCanonical(terms) };
    return [tallies.write({ offer: op.hash, ...parts, state: 'offered', answer: '', reason: '' })];
  },
});

export const tallyAccept: Verb<'tally.accept', AcceptArgs> = defineVerb({
  name: 'tally.accept',
  version: 1,
  roles: parties,
  tables: [tallies],
  args: schemaOf<AcceptArgs>(isAccept, '{ offer: hash }'),
  plan: (view, op, { offer }) => answer(view, op, offer, 'accepted', ''),
});

export const tallyDecline: Verb<'tally.decline', DeclineArgs> = defineVerb({
  name: 'tally.decline',
  version: 1,
  roles: parties,
  tables: [tallies],
  args: schemaOf<DeclineArgs>(isDecline, '{ offer: hash, reason: 1 to 200 characters }', {
    reason: 'why a device does not agree',
  }),
  plan: (view, op, { offer, reason }) => answer(view, op, offer, 'declined', reason),
});

/** What a book passes to `openBook` beside the verbs of its domain. */
export const tallyVerbs: readonly [typeof tallyOffer, typeof tallyAccept, typeof tallyDecline] = [
  tallyOffer,
  tallyAccept,
  tallyDecline,
];

/** Only the device that was named answers, and only once. */
function answer(
  view: View,
  op: OpFacts,
  offer: string,
  state: 'accepted' | 'declined',
  reason: string,
): readonly Effect[] | Refusal {
  const row = view.get(tallies, { offer });
  if (row === undefined) return refuse('tally/unknown-offer');
  if (row.to !== op.device) return refuse('tally/not-addressed', { to: row.to });
  if (row.state !== 'offered') return refuse('tally/answered', { state: row.state });
  return [tallies.write({ ...row, state, answer: op.hash, reason })];
}
