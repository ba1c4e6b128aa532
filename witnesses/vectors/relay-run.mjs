// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Gate", read once more: what makes a run, where an op links to, whose it is, and what it claims.
import { verify } from 'node:crypto';
import { bytes, fits, publicKeyOf } from './bytes.mjs';

const isToken = fits(/^[\x21-\x7e]{1,128}$/);
export const tokenOf = ({ args }) => (isToken(args.claim) ? args.claim : undefined);

/** Whether the record goes on with the run whose last one is `last`. */
export function continues(last, { op, keyId }) {
  if (last === undefined || last.op.prev === undefined || last.op.verb === 'device.rotate@1') return false;
  const isNext = op.prev === last.hash && op.seq === last.op.seq + 1;
  return isNext && keyId === last.keyId && op.device === last.op.device && op.scope === last.op.scope;
}
/** On the head of its chain, on an earlier op of it, or on nothing that is here. */
export function linkOf(op, isRooted, chain, places) {
  if (op.seq === 1 && isRooted) return chain === undefined ? 'main' : 'fork';
  if (chain !== undefined && op.seq === chain.seq + 1 && op.prev === chain.hash) return 'main';
  const before = places.get(op.prev);
  return op.seq > 1 && before?.device === op.device && before.seq === op.seq - 1 ? 'fork' : 'gap';
}
/** The verdict on an op without effect by itself, where its author used up its quota of those. */
export function excessOf({ link, isLate, waiting, forks = 0, late = 0 }, { maxForks, maxQuarantined }) {
  if (link === 'fork' && forks + waiting >= maxForks) return 'fork';
  return isLate && late + waiting >= maxQuarantined ? 'quarantined' : undefined;
}
/** By more than 24 hours. */
export const isAhead = ({ id }, nowMs) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) > nowMs + 86_400_000;
export function isSigned({ hash, signature }, key, book) {
  const message = Buffer.concat([Buffer.from('tallystick/sig/1\n'), bytes(book + hash)]);
  return verify(null, message, publicKeyOf(bytes(key)), signature);
}
