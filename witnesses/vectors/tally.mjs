// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/tally.md read once more: whether two records are the two halves of one tally.
import { bytes, fits, hex, isHash, isObject, outcome, refuse, sha256 } from './bytes.mjs';
import { parseRecord } from './op.mjs';
import { isValid, preimage } from './sign.mjs';

const has = (args, members) => Object.keys(args).sort().join() === members;
const isText = (x, max) => fits(new RegExp(`^[^]{1,${max}}$`))(x);
const isOffer = ({ verb, args }) =>
  verb === 'tally.offer@1' &&
  has(args, 'kind,subject,terms,to') &&
  isHash(args.to) &&
  isText(args.kind, 64) &&
  isText(args.subject, 200) &&
  isObject(args.terms);
function stateOf({ verb, args }) {
  if (!isHash(args.offer)) return undefined;
  if (verb === 'tally.accept@1' && has(args, 'offer')) return 'accepted';
  return verb === 'tally.decline@1' && has(args, 'offer,reason') && isText(args.reason, 200) ? 'declined' : undefined;
}
const open = (data) => outcome(() => parseRecord(bytes(data)));
function checkTally({ book, keys, offer, answer }) {
  const [one, other] = [open(offer), open(answer)];
  if (!one.ok || !isOffer(one.op)) refuse('tally/offer');
  const state = other.ok ? stateOf(other.op) : undefined;
  if (state === undefined) refuse('tally/answer');
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
