// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/tally.md read once more: whether two records are the two halves of one tally.
import { bytes, has, hex, isHash, isObject, outcome, refuse, sha256, textOf } from './bytes.mjs';
import { parseRecord } from './op.mjs';
import { isValid, preimage } from './sign.mjs';

const isOffer = has({ kind: textOf(64), subject: textOf(200), terms: isObject, to: isHash });
const answers = {
  'tally.accept@1': ['accepted', has({ offer: isHash })],
  'tally.decline@1': ['declined', has({ offer: isHash, reason: textOf(200) })],
};
function stateOf({ verb, args }) {
  const [state, isAnswer] = answers[verb] ?? refuse('tally/answer');
  return isAnswer(args) ? state : refuse('tally/answer');
}
const open = (data) => outcome(() => parseRecord(bytes(data)));
function checkTally({ book, keys, offer, answer }) {
  const [one, other] = [open(offer), open(answer)];
  if (!one.ok || one.op.verb !== 'tally.offer@1' || !isOffer(one.op.args)) refuse('tally/offer');
  const state = other.ok ? stateOf(other.op) : refuse('tally/answer');
  if (other.op.args.offer !== one.hash) refuse('tally/other-offer');
  if (other.op.scope !== one.op.scope) refuse('tally/other-scope');
  if (one.op.args.to === one.op.device) refuse('tally/own-tally');
  if (one.op.args.to !== other.op.device) refuse('tally/not-addressed');
  const isSigned = ({ op, hash, keyId, signature }) =>
    keys.some(({ device, key }) => {
      const isTheirs = device === op.device && hex(sha256(bytes(key))) === keyId;
      return isTheirs && isValid(bytes(key), preimage(book, hash), signature);
    });
  if (!isSigned(one) || !isSigned(other)) refuse('tally/signature');
  const { device: from, scope, args } = one.op;
  return { state, from, scope, ...args, reason: other.op.args.reason ?? '' };
}
export const judges = { 'tally/tally': (input) => outcome(() => checkTally(input)) };
