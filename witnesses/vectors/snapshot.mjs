// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/snapshot.md read once more: shards, their digests, and the manifest that names them.
import { bytes, has, hex, isHash, isText, outcome, refuse, sha256 } from './bytes.mjs';
import { openFrontier } from './chain-tree.mjs';
import { isValid } from './sign.mjs';

const isCount = (x) => Number.isSafeInteger(x) && x >= 0;
const listOf = (is) => (x) => Array.isArray(x) && x.every(is);

function parseJson(line, code) {
  try {
    return JSON.parse(line);
  } catch {
    return refuse(code);
  }
}

const isValue = (x) => isText(x) || Number.isSafeInteger(x);
const isShard = has({
  table: isText,
  digest: isHash,
  rows: isCount,
  bytes: isCount,
  last: listOf(isValue),
  gravity: isCount,
});
const isScope = has({
  scope: isText,
  size: isCount,
  root: isHash,
  marked: isCount,
  manifest: isHash,
  digest: isHash,
  frontier: listOf(isHash),
  note: isText,
  lastId: isText,
  shards: listOf(isShard),
});
const isEnrolment = (x) => Array.isArray(x) && x.length === 5 && x.slice(0, 4).every(isHash) && [0, 1].includes(x[4]);
const isManifest = has({
  tallystick: (x) => x === 'snapshot/1',
  book: isHash,
  device: isHash,
  keyId: isHash,
  at: isCount,
  enrolments: listOf(isEnrolment),
  scopes: listOf(isScope),
});

function stateOf(shards) {
  const lines = shards.map(({ table, digest }) => `${table} ${digest}\n`).sort();
  return hex(sha256('tallystick/state/1\n', ...lines));
}

const isScopeSound = ({ size, root, frontier, digest, shards }) =>
  new Set(shards.map(({ table }) => table)).size === shards.length &&
  stateOf(shards) === digest &&
  outcome(() => openFrontier({ size, frontier })).root === root;

function openManifest({ text, book }) {
  const [line, signature, ...rest] = text.split('\n');
  const manifest = parseJson(line, 'snapshot/format');
  const keys = (manifest.enrolments ?? []).every(([, keyId, key]) => hex(sha256(bytes(key))) === keyId);
  if (!isManifest(manifest) || JSON.stringify(manifest) !== line || rest.join('') !== '' || !keys)
    refuse('snapshot/format');
  if (!manifest.scopes.every(isScopeSound)) refuse('snapshot/format');
  if (manifest.book !== book) refuse('snapshot/foreign');
  const author = manifest.enrolments.find(([device, keyId]) => device === manifest.device && keyId === manifest.keyId);
  const signed = Buffer.concat([Buffer.from('tallystick/snapshot/1\n'), bytes(book), sha256(line)]);
  if (
    author === undefined ||
    !/^[0-9a-f]{128}$/.test(signature) ||
    !isValid(bytes(author[2]), signed, bytes(signature))
  )
    refuse('snapshot/signature');
  const [first] = manifest.scopes;
  return { size: first?.size ?? 0, digest: first?.digest ?? '' };
}

function openShard({ scope, shard, text }) {
  const lines = text.split('\n');
  const isWhole = Buffer.byteLength(text) === shard.bytes && lines.pop() === '' && lines.length === shard.rows;
  const isRow = (line) => {
    const row = parseJson(line, 'snapshot/shard');
    return Array.isArray(row) && row[0] === scope && row.every(isValue) && JSON.stringify(row) === line;
  };
  if (!isWhole || lines.at(-1) !== JSON.stringify(shard.last) || !lines.every(isRow)) refuse('snapshot/shard');
  const chunks = [];
  for (let at = 0; at < lines.length; at += 1000)
    chunks.push(hex(sha256(...lines.slice(at, at + 1000).map((line) => `${line}\n`))));
  if (hex(sha256(`${shard.table} ${shard.rows}\n`, chunks.join('\n'))) !== shard.digest) refuse('snapshot/shard');
  return { rows: shard.rows };
}

export const judges = {
  'snapshot/manifest': (input) => outcome(() => openManifest(input)),
  'snapshot/shard': (input) => outcome(() => openShard(input)),
};
