// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay-proof.md read once more: what convicts a relay.
import { bytes, fits, has, hex, isHash, isText, outcome, refuse, sha256 } from './bytes.mjs';
import { checkOpProof, openNote, parseCheckpoint, verifyNote } from './chain-note.mjs';
import { climb, climbBoth } from './chain-tree.mjs';
import { rules } from './op.mjs';

const isPath = (x) => Array.isArray(x) && x.length <= 64 && x.every(isHash);
const text = { tallystick: fits(/^relay-proof\/1$/), relay: isText, first: isText, second: isText };
const shapes = [
  has({ ...text, kind: fits(/^(split|broken-receipt|two-receipts|shrunk)$/) }),
  has({ ...text, kind: fits(/^split$/), prefix: isHash, path: isPath }),
];

function parseProof(line) {
  const json = line.endsWith('\n') ? line.slice(0, -1) : line;
  let proof;
  try {
    proof = JSON.parse(json);
  } catch {
    refuse('relay/proof-format');
  }
  if (line.length > 8_388_608 || !shapes.some((fit) => fit(proof))) refuse('relay/proof-format');
  const sorted = JSON.stringify(Object.fromEntries(Object.entries(proof).sort(([a], [b]) => (a < b ? -1 : 1))));
  return sorted === json ? proof : refuse('relay/proof-format');
}
/** The log that the first text is about: the relay's name, a book and a scope. */
function originOf(first, vkey) {
  const [origin] = first.split('\n');
  const name = `${vkey.split('+')[0]}/`;
  const [book, ...scope] = origin.startsWith(name) ? origin.slice(name.length).split('/') : [];
  return isHash(book) && rules.scope(scope.join('/'))
    ? { origin, scope: scope.join('/') }
    : refuse('relay/proof-origin');
}
function checkpointOf(note, { vkey, origin }) {
  const checkpoint = parseCheckpoint(verifyNote({ vkey, note }).body);
  return checkpoint.origin === origin ? checkpoint : refuse('relay/proof-origin');
}
function receiptOf(note, { vkey, origin }) {
  const [claim, path = '', signed, signature, ...more] = note.split('\n\n');
  const form = /^([^\n]+)\ntallystick-receipts\/2\n([1-9][0-9]{0,15})\n([0-9a-f]{64})\n$/;
  const { body } = verifyNote({ vkey, note: `${signed}\n\n${signature}` });
  const [, name, count, root] = form.exec(body) ?? refuse('relay/receipt-format');
  const [about, kind, ...rest] = claim.split('\n');
  const lines = rest.map((line) => {
    const [, position, hash] = /^(0|[1-9][0-9]{0,15}) ([0-9a-f]{64})$/.exec(line) ?? refuse('relay/receipt-format');
    return { position: Number(position), hash };
  });
  const ascends = lines.every(
    ({ position }, i) => Number.isSafeInteger(position) && position > (lines[i - 1]?.position ?? -1),
  );
  const [place, ...hashes] = path.split('\n');
  const [, index, size] = /^(0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,15})$/.exec(place) ?? refuse('relay/receipt-format');
  const isForm = more.length === 0 && kind === 'tallystick-receipt/2' && lines.length > 0 && ascends && isPath(hashes);
  if (!isForm || name !== vkey.split('+')[0] || size !== count) refuse('relay/receipt-format');
  if (about !== origin) refuse('relay/proof-origin');
  const leaf = sha256(Buffer.of(0), Buffer.from(`${claim}\n`));
  const above = Number(index) < Number(size) ? climb(Number(index), Number(size), leaf, hashes.map(bytes)) : undefined;
  return above !== undefined && hex(above) === root ? lines : refuse('relay/receipt-root');
}
function standingOf(note, { vkey, origin }) {
  const body = verifyNote({ vkey, note }).body;
  const [, about, size, root, after] =
    /^([^\n]+)\ntallystick-standing\/1\n([^\n]+)\n([^\n]+)\n([0-9a-f]{64})\n$/.exec(body) ??
    refuse('relay/standing-format');
  const log = outcome(() => parseCheckpoint(`${about}\n${size}\n${root}\n`));
  if (!log.ok) refuse('relay/standing-format');
  return about === origin ? { ...log, after } : refuse('relay/proof-origin');
}

const agrees = () => refuse('relay/proof-agrees');
const kinds = {
  split({ first, second, prefix, path }, log) {
    const [a, b] = [checkpointOf(first, log), checkpointOf(second, log)];
    const found = { promised: a.size, later: b.size };
    if (prefix === undefined && a.size === b.size) return a.root === b.root ? agrees() : found;
    const inside = prefix !== undefined && a.size > 0 && a.size < b.size;
    const roots = inside ? climbBoth(a.size, b.size, bytes(prefix), path.map(bytes)) : undefined;
    if (roots === undefined || hex(roots[0]) !== prefix || hex(roots[1]) !== b.root) refuse('relay/proof-path');
    return prefix === a.root ? agrees() : found;
  },
  'broken-receipt'({ first, second }, log) {
    const lines = receiptOf(first, log);
    const op = outcome(() => checkOpProof({ ...log, proof: second, cosigners: [], quorum: 0 }));
    if (!op.ok) refuse(op.code === 'chain/tlog-proof-origin' ? 'relay/proof-origin' : op.code);
    const line = lines.find(({ position }) => position === op.position);
    return line === undefined || line.hash === op.hash ? agrees() : { promised: op.position, later: op.size };
  },
  'two-receipts'({ first, second }, log) {
    const [lines, others] = [receiptOf(first, log), receiptOf(second, log)];
    for (const { position, hash } of others) {
      const same = lines.find((line) => line.hash === hash);
      const promised = same?.position ?? position;
      if (promised !== position || lines.some((line) => line.position === position && line.hash !== hash))
        return { promised, later: position };
    }
    return agrees();
  },
  shrunk({ first, second }, log) {
    const checkpoint = outcome(() => checkpointOf(first, log));
    const promised = checkpoint.ok ? checkpoint.size : receiptOf(first, log).at(-1).position + 1;
    const { size, root, after } = standingOf(second, log);
    if (after !== hex(sha256(openNote({ vkey: log.vkey, note: first }).signature))) refuse('relay/proof-path');
    const differs = checkpoint.ok && size === promised && root !== checkpoint.root;
    return size < promised || differs ? { promised, later: size } : agrees();
  },
};
function judgeProof({ text: line, vkey }) {
  const proof = parseProof(line);
  const { origin, scope } = originOf(proof.first, vkey);
  return { kind: proof.kind, scope, ...kinds[proof.kind](proof, { vkey, origin }) };
}

export const judges = { 'relay-proof/proof': (input) => outcome(() => judgeProof(input)) };
