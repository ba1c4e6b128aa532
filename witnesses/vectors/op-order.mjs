// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/op.md, "Ids" and "Order", read once more: which texts are ids, which id a device makes next, and in what order a tail is read.
import { outcome, refuse } from './bytes.mjs';
import { rules } from './op.mjs';

function mint({ nowMs: clock, randomHex, last, observe, mint: count }) {
  const nowMs = Math.min(Math.max(Math.floor(clock), 0), 2 ** 48 - 1);
  const bits = (id) => BigInt(`0x${id.replaceAll('-', '')}`);
  const instantOf = (id) =>
    ((bits(id) >> 80n) << 42n) | (((bits(id) >> 64n) & 0xfffn) << 30n) | ((bits(id) >> 32n) & 0x3fffffffn);
  const fresh = BigInt(`0x${randomHex.slice(0, 12)}`) & ((1n << 41n) - 1n);
  let greatest = last === undefined ? -1n : instantOf(last);
  const verdicts = observe.map((id) => {
    if (instantOf(id) >> 42n > BigInt(nowMs + 86_400_000)) return 'clock-ahead';
    if (instantOf(id) > greatest) greatest = instantOf(id);
    return 'seen';
  });
  const minted = Array.from({ length: count }, () => {
    const ms = greatest >> 42n;
    if (BigInt(nowMs) > ms) greatest = (BigInt(nowMs) << 42n) | fresh;
    else greatest = (greatest + 1n) >> 42n > ms ? ((ms + 1n) << 42n) | fresh : greatest + 1n;
    if (greatest >> 90n > 0n) refuse('id/exhausted');
    const [high, low] = [(greatest >> 30n) & 0xfffn, greatest & 0x3fffffffn];
    const id =
      ((greatest >> 42n) << 80n) |
      (7n << 76n) |
      (high << 64n) |
      (1n << 63n) |
      (low << 32n) |
      BigInt(`0x${randomHex.slice(12)}`);
    return id
      .toString(16)
      .padStart(32, '0')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  });
  return { verdicts, minted };
}
function orderTail({ ops }) {
  const order = [];
  const isFirst = ({ hash }, i) => ops.findIndex((op) => op.hash === hash) === i;
  const left = ops.filter(isFirst).sort((a, b) => (a.id + a.hash < b.id + b.hash ? -1 : 1));
  while (left.length > 0) {
    const isReady = ({ prev, heads = [] }) =>
      ![prev, ...heads].some((cause) => left.some(({ hash }) => hash === cause));
    order.push(left.splice(left.findIndex(isReady), 1)[0].hash);
  }
  return { order };
}

export const judges = {
  'op/id': (input) => {
    if ('id' in input) return { valid: rules.id(input.id) };
    const { ok, ...made } = outcome(() => mint(input));
    return ok ? made : { ok, ...made };
  },
  'op/order': orderTail,
};
