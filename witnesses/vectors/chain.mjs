// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/chain.md read once more: chains, runs and forks.
import { bytes, hex, outcome, sha256 } from './bytes.mjs';
import { parseRecord } from './op.mjs';
import { isValid, preimage } from './sign.mjs';

const keyIdOf = (key) => hex(sha256(key));
const isSigned = (book, key, { hash, keyId, signature }) =>
  key !== undefined && keyIdOf(key) === keyId && isValid(key, preimage(book, hash), signature);

/** Whether a signature at the next op covers this one. */
const isRun = (record, next) => record.keyId === next?.keyId && record.op.verb !== 'device.rotate@1';

function checkChain({ book, key, records, start = {}, every = false }) {
  const linked = [];
  let broken;
  for (const [index, { hash, hex: data }] of records.entries()) {
    const opened = outcome(() => parseRecord(bytes(data)));
    const [first, last] = [linked[0] ?? opened, linked.at(-1)];
    const seq = (last?.op.seq ?? start.seq ?? 0) + 1;
    if (!opened.ok) broken = 'chain/canonical';
    else if (opened.hash !== hash) broken = 'chain/hash';
    else if (opened.op.device !== first.op.device || opened.op.scope !== first.op.scope) broken = 'chain/device';
    else if (opened.op.seq !== seq) broken = opened.op.seq > seq ? 'chain/gap' : 'chain/fork';
    else if (opened.op.prev !== (last?.hash ?? start.hash ?? start.enrolment)) broken = 'chain/link';
    if (broken !== undefined) {
      broken = { ok: false, code: broken, index };
      break;
    }
    linked.push(opened);
  }
  const signed = linked.map((record) => isSigned(book, bytes(key), record));
  const covers = (i) => isRun(linked[i], linked[i + 1]) && signed[i + 1];
  if (!every) for (let i = linked.length - 1; i >= 0; i--) signed[i] ||= covers(i) === true;
  if (signed.includes(false)) return { ok: false, code: 'chain/signature', index: signed.indexOf(false) };
  const last = linked.at(-1);
  return broken ?? { ok: true, head: { seq: last.op.seq, hash: last.hash } };
}

function judgeRuns({ book, devices, stored, records, every }) {
  const device = (id) => devices.find(({ key }) => keyIdOf(bytes(key)) === id);
  const open = (data) => ({ ...parseRecord(bytes(data)), verdict: undefined });
  const [known, batch] = [stored.map(open), records.map(open)];
  const signs = (record) => {
    const key = device(record.op.device)?.key;
    return isSigned(book, key && bytes(key), record);
  };
  const unique = new Map();
  for (const record of batch) {
    const twin = unique.get(record.hash);
    if (twin === undefined || (!signs(twin) && signs(record))) unique.set(record.hash, record);
  }
  const ops = [...unique.values()];
  const continues = (next, before) => next.op.prev === before.hash && next.op.seq === before.op.seq + 1;
  const isCovered = (record) =>
    signs(record) || (!every && ops.some((next) => continues(next, record) && isRun(record, next) && isCovered(next)));
  const judge = (record) => {
    const { prev, seq, scope, device: author } = record.op;
    if (known.some(({ hash }) => hash === record.hash)) return 'known';
    const covered = () => (isCovered(record) ? 'accepted' : 'waits chain/signature');
    if (seq === 1) {
      const enrolment = device(author)?.enrolment;
      if (enrolment === undefined && prev !== undefined) return 'waits chain/unknown-device';
      return enrolment === undefined || enrolment === (prev ?? record.hash) ? covered() : 'refused chain/link';
    }
    const before = unique.get(prev) ?? known.find(({ hash }) => hash === prev);
    if (before === undefined) return 'waits chain/gap';
    const fits = before.op.device === author && before.op.scope === scope && before.op.seq === seq - 1;
    const verdict = unique.has(prev) ? judge(before) : 'known';
    if (!fits || verdict.startsWith('refused')) return 'refused chain/link';
    return verdict.startsWith('waits') ? verdict : covered();
  };
  const verdicts = batch.map((record) => (unique.get(record.hash) === record ? judge(record) : 'known'));
  const accepted = batch.filter((_, i) => verdicts[i] === 'accepted');
  const branch = new Set();
  for (const { op } of accepted) {
    const sameChain = (record) => record.op.device === op.device && record.op.scope === op.scope;
    let head = known.filter(sameChain).sort((a, b) => b.op.seq - a.op.seq)[0];
    for (let next = true; next; head = next ?? head) {
      next = accepted.find(
        (record) => sameChain(record) && (head === undefined ? record.op.seq === 1 : record.op.prev === head.hash),
      );
      if (next) branch.add(next);
    }
  }
  return { verdicts, forks: accepted.filter((record) => !branch.has(record)).map((record) => batch.indexOf(record)) };
}

export const judges = {
  'chain/chain': checkChain,
  'chain/runs': judgeRuns,
};
