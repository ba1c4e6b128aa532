/** Whether two records are the two halves of one tally, with no log and no server. Spec: docs/spec/tally.md, "Check". */
import { type Hasher, portableHasher, openRecord } from '@tallystick/chain';
import type { DeviceId, Failure, JsonObject, OpHash, OpRecord, Result, Scope } from '@tallystick/oplog';
import { createRecordVerifier, type RecordVerifierOptions } from '@tallystick/sign';
import { isAccept, isDecline, isOffer } from './tally-args.ts';

/** The two halves, as they came in: only their bytes are read. */
export interface TallyRecords {
  readonly offer: Pick<OpRecord, 'bytes'>;
  readonly answer: Pick<OpRecord, 'bytes'>;
}

/** `publicKeyOf` answers the key in force at a record; it MUST NOT come from whoever hands over the records. */
export interface TallyCheck extends RecordVerifierOptions {
  readonly hasher?: Hasher;
}

/** What two devices signed. */
export interface SignedTally {
  readonly state: 'accepted' | 'declined';
  readonly from: DeviceId;
  readonly to: DeviceId;
  readonly scope: Scope;
  readonly kind: string;
  readonly subject: string;
  readonly terms: JsonObject;
  /** '' where it was accepted. */
  readonly reason: string;
  readonly offer: OpHash;
  readonly answer: OpHash;
}

export type TallyCode =
  | 'tally/offer'
  | 'tally/answer'
  | 'tally/other-offer'
  | 'tally/other-scope'
  | 'tally/own-tally'
  | 'tally/not-addressed'
  | 'tally/signature';

/**
 * What the two records say together, if the one offers and the other, by the device it names, answers, and each is validly signed. That says
 * nothing of whether it counts in the book: which answer came first and who was revoked before is in the log. Refusals: `TallyCode`.
 */
export async function verifyTally(
  { offer, answer }: TallyRecords,
  check: TallyCheck,
): Promise<Result<SignedTally, Failure<TallyCode>>> {
  const { hasher = portableHasher } = check;
  const offered = openRecord(offer.bytes, hasher);
  if (!offered.ok) return refuse('tally/offer', offered.message);
  const answered = openRecord(answer.bytes, hasher);
  const [one, { args, device: from, scope, verb }] = [offered.value, offered.value.op];
  if (verb !== 'tally.offer@1' || !isOffer(args)) return refuse('tally/offer', `op ${one.hash} is no offer`);
  if (!answered.ok) return refuse('tally/answer', answered.message);
  const [other, by] = [answered.value, answered.value.op];
  const said = readAnswer(other);
  if (said === undefined) return refuse('tally/answer', `op ${other.hash} is no answer`);
  if (said.offer !== one.hash) return refuse('tally/other-offer', `it answers ${said.offer}, not ${one.hash}`);
  if (by.scope !== scope) return refuse('tally/other-scope', `offered in ${scope}, answered in ${by.scope}`);
  if (args.to === from) return refuse('tally/own-tally', `device ${from} offers to itself`);
  if (args.to !== by.device) return refuse('tally/not-addressed', `offered to ${args.to}, answered by ${by.device}`);
  const verify = createRecordVerifier(check);
  for (const record of [one, other]) {
    if (!(await verify(record)))
      return refuse('tally/signature', `op ${record.hash} is not validly signed by device ${record.op.device}`);
  }
  const { kind, subject, terms } = args;
  const { state, reason } = said;
  const parts = { state, from, to: by.device, scope, kind, subject, terms, reason };
  return { ok: true, value: { ...parts, offer: one.hash, answer: other.hash } };
}

interface Answer {
  readonly state: SignedTally['state'];
  readonly offer: string;
  readonly reason: string;
}

function readAnswer({ op: { args, verb } }: OpRecord): Answer | undefined {
  if (verb === 'tally.accept@1' && isAccept(args)) return { state: 'accepted', offer: args.offer, reason: '' };
  if (verb === 'tally.decline@1' && isDecline(args)) return { state: 'declined', ...args };
  return undefined;
}

function refuse(code: TallyCode, message: string): { readonly ok: false } & Failure<TallyCode> {
  return { ok: false, code, message };
}
