// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/snapshot.md read once more: shards, their digests, and the manifest that names them.
import { bytes, hex, isHash, refuse as fail, outcome, sha256 } from './bytes.mjs';
import { isValid } from './sign.mjs';

const isCount = (x) => Number.isSafeInteger(x) && x >= 0;
const isText = (x) => typeof x === 'string';
const isDigest = (x) => isText(x) && isHash(x);
const listOf = (is) => (x) => Array.isArray(x) && x.every(is);
const members = (rules) => (x) =>
  typeof x === 'object' &&
  x !== null &&
  Object.keys(x).sort().join() === Object.keys(rules).sort().join() &&
  Object.entries(rules).every(([name, is]) => is(x[name]));

function parseJson(line, code) {
  try {
    return JSON.parse(line);
  } catch {
    return fail(code);
  }
}

const isShard = members({ table: isText, digest: isDigest, rows: isCount, bytes: isCount, gravity: isCount });
const isScope = members({
  scope: isText,
  size: isCount,
  root: isDigest,
  marked: isCount,
  manifest: isDigest,
  digest: isDigest,
  frontier: listOf(isDigest),
  note: isText,
  lastId: isText,
  shards: listOf(isShard),
});
const isEnrolment = (x) => Array.isArray(x) && x.length === 5 && x.slice(0, 4).every(isDigest) && [0, 1].includes(x[4]);
const isManifest = members({
  tallystick: (x) => x === 'snapshot/1',
  book: isDigest,
  device: isDigest,
  keyId: isDigest,
  at: isCount,
  enrolments: listOf(isEnrolment),
  scopes: listOf(isScope),
});

/** Complete subtrees from left to right, one for each bit of the size, folded from the right. */
function rootOf(size, frontier) {
  if (frontier.length !== [...size.toString(2)].filter((bit) => bit === '1').length) return undefined;
  if (size === 0) return hex(sha256(''));
  return hex(frontier.map(bytes).reduceRight((right, left) => sha256(Buffer.from([1]), left, right)));
}

function stateOf(shards) {
  const lines = shards.map(({ table, digest }) => `${table} ${digest}\n`).sort();
  return hex(sha256('tallystick/state/1\n', ...lines));
}

const isScopeSound = ({ size, root, frontier, digest, shards }) =>
  new Set(shards.map(({ table }) => table)).size === shards.length &&
  stateOf(shards) === digest &&
  rootOf(size, frontier) === root;

function openManifest({ text, book }) {
  const [line, signature, ...rest] = text.split('\n');
  const manifest = parseJson(line, 'snapshot/format');
  const keys = (manifest.enrolments ?? []).every(([, keyId, key]) => hex(sha256(bytes(key))) === keyId);
  if (!isManifest(manifest) || JSON.stringify(manifest) !== line || rest.join('') !== '' || !keys)
    fail('snapshot/format');
  if (!manifest.scopes.every(isScopeSound)) fail('snapshot/format');
  if (manifest.book !== book) fail('snapshot/foreign');
  const author = manifest.enrolments.find(([device, keyId]) => device === manifest.device && keyId === manifest.keyId);
  const signed = Buffer.concat([Buffer.from('tallystick/snapshot/1\n'), bytes(book), sha256(line)]);
  if (
    author === undefined ||
    !/^[0-9a-f]{128}$/.test(signature) ||
    !isValid(bytes(author[2]), signed, bytes(signature))
  )
    fail('snapshot/signature');
  const [first] = manifest.scopes;
  return { size: first?.size ?? 0, digest: first?.digest ?? '' };
}

function openShard({ scope, shard, text }) {
  const lines = text.split('\n');
  const isWhole = Buffer.byteLength(text) === shard.bytes && lines.pop() === '' && lines.length === shard.rows;
  const isRow = (line) => {
    const row = parseJson(line, 'snapshot/shard');
    const isValue = (value) => isText(value) || Number.isSafeInteger(value);
    return Array.isArray(row) && row[0] === scope && row.every(isValue) && JSON.stringify(row) === line;
  };
  if (!isWhole || !lines.every(isRow)) fail('snapshot/shard');
  const chunks = [];
  for (let at = 0; at < lines.length; at += 1000)
    chunks.push(hex(sha256(...lines.slice(at, at + 1000).map((line) => `${line}\n`))));
  if (hex(sha256(`${shard.table} ${shard.rows}\n`, chunks.join('\n'))) !== shard.digest) fail('snapshot/shard');
  return { rows: shard.rows };
}

export const judges = {
  'snapshot/manifest': (input) => outcome(() => openManifest(input)),
  'snapshot/shard': (input) => outcome(() => openShard(input)),
};
