// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/chain.md read once more: notes, checkpoints, cosignatures and the proof of one op.
import { hex, outcome, refuse, sha256 } from './bytes.mjs';
import { climb } from './chain-tree.mjs';
import { parseRecord } from './op.mjs';
import { isValid } from './sign.mjs';

function base64(text, code) {
  const data = Buffer.from(text, 'base64');
  return data.toString('base64') === text ? data : refuse(code);
}
function parseNote(note) {
  const at = note.lastIndexOf('\n\n');
  // oxlint-disable-next-line no-control-regex: a note has no control characters but the newline
  if (at === -1 || !note.endsWith('\n') || !note.isWellFormed() || /[\0-\x09\x0b-\x1f]/.test(note))
    refuse('chain/note-format');
  const lines = note
    .slice(at + 2, -1)
    .split('\n')
    .map((line) => {
      const [, name, encoded] =
        /^\u2014 ([^\p{White_Space}+\p{Cc}]+) ([A-Za-z0-9+/=]{1,16384})$/u.exec(line) ?? refuse('chain/note-format');
      const data = base64(encoded, 'chain/note-format');
      return data.length < 5
        ? refuse('chain/note-format')
        : { name, keyId: hex(data.subarray(0, 4)), signature: data.subarray(4) };
    });
  return lines.length > 64 ? refuse('chain/note-format') : { body: note.slice(0, at + 1), lines };
}
export function openNote({ vkey, note }, type = 1) {
  const [name, id, encoded] =
    /^([^\p{White_Space}+\p{Cc}]+)\+([0-9a-f]{8})\+(.*)$/u.exec(vkey)?.slice(1) ?? refuse('chain/verifier-key');
  const key = base64(encoded, 'chain/verifier-key');
  if (key[0] !== type || key.length !== 33 || hex(sha256(`${name}\n`, key)).slice(0, 8) !== id)
    refuse('chain/verifier-key');
  const { body, lines } = parseNote(note);
  if (type === 4) parseCheckpoint(body);
  const line = lines.find((each) => each.name === name && each.keyId === id) ?? refuse('chain/note-unsigned');
  return { body, key: key.subarray(1), signature: line.signature };
}
export const verifyNote = (input) => {
  const { body, key, signature } = openNote(input);
  return isValid(key, Buffer.from(body), signature) ? { body } : refuse('chain/note-signature');
};
export function parseCheckpoint(body) {
  const [, origin, size, root] =
    /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n([^\n]+\n)*$/.exec(body) ??
    refuse('chain/checkpoint-format');
  return Number.isSafeInteger(Number(size))
    ? { origin, size: Number(size), root: hex(base64(root, 'chain/checkpoint-format')) }
    : refuse('chain/checkpoint-format');
}

export function openCosignature(input) {
  const { body, key, signature } = openNote(input, 4);
  const time = signature.length === 72 ? signature.readBigUInt64BE() : 2n ** 64n;
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${body}`);
  if (time >= 2n ** 53n || !isValid(key, message, signature.subarray(8))) refuse('chain/note-signature');
  return { timeSeconds: Number(time), size: parseCheckpoint(body).size };
}
export function checkOpProof({ proof, origin, vkey, cosigners, quorum }) {
  const form = /^c2sp\.org\/tlog-proof@v1\n(?:extra (\S+)\n)?index (0|[1-9][0-9]{0,15})\n((?:\S{44}\n){0,64})\n([^]*)$/;
  const [, extra, index, hashes, note] = form.exec(proof) ?? refuse('chain/tlog-proof-format');
  const decode = (text) => base64(text, 'chain/tlog-proof-format');
  const path = hashes.split('\n').slice(0, -1).map(decode);
  if (path.some(({ length }) => length !== 32)) refuse('chain/tlog-proof-format');
  const data = decode(extra ?? '');
  const record = outcome(() => parseRecord(data));
  if (!record.ok) refuse('chain/tlog-proof-record');
  const checkpoint = parseCheckpoint(verifyNote({ vkey, note }).body);
  if (checkpoint.origin !== origin) refuse('chain/tlog-proof-origin');
  const leaf = sha256(Buffer.of(0), data);
  const root = Number(index) < checkpoint.size ? climb(Number(index), checkpoint.size, leaf, path) : undefined;
  if (root === undefined || hex(root) !== checkpoint.root) refuse('chain/tlog-proof-root');
  const cosigned = cosigners.filter((vkey) => outcome(() => openCosignature({ vkey, note })).ok).length;
  if (cosigned < quorum) refuse('chain/tlog-proof-quorum');
  return { hash: record.hash, position: Number(index), size: checkpoint.size, cosigned };
}
export const judges = {
  'chain/note': (input) => outcome(() => verifyNote(input)),
  'chain/checkpoint': ({ body }) => outcome(() => parseCheckpoint(body)),
  'chain/cosignature': (input) => outcome(() => openCosignature(input)),
  'chain/op-proof': (input) => outcome(() => checkOpProof(input)),
};
