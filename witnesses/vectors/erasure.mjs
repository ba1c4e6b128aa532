// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/erasure-certificate.md read once more: what a certificate says, and whether it may.
import { bytes, fits, has, hex, isHash, outcome, refuse, sha256 } from './bytes.mjs';
import { parseRecord, write } from './op.mjs';
import { isValid, preimage } from './sign.mjs';

const isDay = fits(/^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/);
const isSubject = fits(/^[0-9a-f]{32}$/);
const isCount = (x) => Number.isSafeInteger(x) && x >= 0;
const roles = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'];
const ascends = (list) => list.every((x, i) => i === 0 || list[i - 1] < x);
const no = (code) => refuse(`erasure/certificate-${code}`);

const isHead = has({
  book: isHash,
  day: isDay,
  outstanding: isCount,
  position: isCount,
  scopes: isCount,
  subject: isSubject,
});
const isShred = has({ subject: isSubject, basis: fits(/^(request|retention)$/), day: isDay });
const isSubjects = (x) => Array.isArray(x) && x.length > 0 && x.length <= 500 && x.every(isSubject) && ascends(x);
const isAck = has({ subjects: isSubjects, day: isDay });

function readHead(line) {
  try {
    const head = JSON.parse(line);
    return isHead(head) && write(head) === line ? head : no('form');
  } catch {
    return no('form');
  }
}
function readOutstanding(line) {
  const [, device, role, status] = /^([0-9a-f]{64}) ([a-z]+) (active|revoked)$/.exec(line) ?? no('form');
  return roles.includes(role) ? { device, role, status } : no('form');
}
function readScope(line) {
  const [, size, scope] = /^(0|[1-9][0-9]*) ([a-z0-9][a-z0-9/_-]{0,63})$/.exec(line) ?? no('form');
  return isCount(Number(size)) ? { scope, size: Number(size) } : no('form');
}
function readFacts(text) {
  const [line, ...lines] = text.split('\n');
  const head = readHead(line);
  const outstanding = lines.splice(0, head.outstanding).map(readOutstanding);
  const scopes = lines.splice(0, head.scopes).map(readScope);
  const counted = outstanding.length === head.outstanding && scopes.length === head.scopes;
  const once = ascends(outstanding.map(({ device }) => device)) && ascends(scopes.map(({ scope }) => scope));
  const hq = scopes.find(({ scope }) => scope === 'hq');
  const isWhole = counted && once && hq?.size > head.position && lines.length > 0;
  if (!isWhole || !lines.every(fits(/^([0-9a-f]{2})+$/))) no('form');
  return { ...head, outstanding, scopes, hq: hq.size, records: lines };
}
function readRecord(data) {
  const opened = outcome(() => parseRecord(bytes(data)));
  return opened.ok ? opened : no('record');
}
function wordsOf({ book, day, position, subject, outstanding, scopes, hq }, shred, acks) {
  const left = outstanding.map(
    (one) => `  device ${one.device} (${one.role}${one.status === 'revoked' ? ', revoked' : ''})\n`,
  );
  return (
    `CERTIFICATE OF ERASURE\n\nBook      ${book}\nSubject   ${subject}\n` +
    `Ordered   on ${shred.op.args.day} (${shred.op.args.basis}) by device ${shred.op.device}\n` +
    `          op ${shred.hash}, at position ${position} of hq\n` +
    `Issued    on ${day}, knowing the devices of hq up to ${hq} and of ${scopes.length - 1} other scopes\n\n` +
    `${acks.length} acknowledged: the keys of the subject's data are destroyed there.\n` +
    acks.map(({ op, hash }) => `  device ${op.device} on ${op.args.day}, op ${hash}\n`).join('') +
    (left.length > 0
      ? `\n${left.length} have NOT acknowledged yet, and may still have keys:\n${left.join('')}`
      : '\nNobody is left who has not acknowledged.\n')
  );
}
function check({ book, keys, text }) {
  const [, signed, keyId, signature] = /^(.*)\nSigned: ([0-9a-f]{64}) ([0-9a-f]{128})\n$/s.exec(text) ?? no('form');
  const mark = '\nFor programs: ';
  const at = signed.lastIndexOf(mark);
  const facts = at < 0 ? no('form') : readFacts(signed.slice(at + mark.length));
  if (facts.book !== book) no('form');
  const [shred, ...acks] = facts.records.map(readRecord);
  const { subject, outstanding, position, day, scopes } = facts;
  const orders = shred.op.verb === 'subject.shred@1' && shred.op.scope === 'hq' && isShred(shred.op.args);
  if (!orders || shred.op.args.subject !== subject) no('record');
  const says = ({ op }) => op.verb === 'subject.acknowledge@1' && isAck(op.args) && op.args.subjects.includes(subject);
  const acknowledged = acks.map(({ op }) => op.device);
  const isBoth = outstanding.some(({ device }) => acknowledged.includes(device));
  if (!acks.every(says) || !ascends(acknowledged) || isBoth) no('record');
  const idOf = (key) => hex(sha256(bytes(key)));
  const isSigned = ({ op, hash, keyId: by, signature: own }) =>
    keys.some(
      (one) => one.device === op.device && idOf(one.key) === by && isValid(bytes(one.key), preimage(book, hash), own),
    );
  if (![shred, ...acks].every(isSigned)) no('record');
  if (wordsOf(facts, shred, acks) !== signed.slice(0, at)) no('words');
  const message = Buffer.from(`tallystick/erasure-certificate/1\n${signed}`);
  const issuer = keys.find(({ key }) => idOf(key) === keyId);
  if (issuer === undefined || !isValid(bytes(issuer.key), message, bytes(signature))) no('signature');
  return { subject, op: shred.hash, position, issuer: keyId, day, acknowledged, outstanding, scopes };
}
export const judges = { 'erasure/certificate': (input) => outcome(() => check(input)) };
