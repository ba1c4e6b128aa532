// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/token.md read once more: token URLs, claims, presentations and double claims.
import { bytes, hex, outcome, refuse, sha256 } from './bytes.mjs';
import { decodeText, parseRecord, parseText } from './op.mjs';
import { checkArgs } from './sign-args.mjs';
import { isAcceptedKey, isValid, preimage } from './sign.mjs';

function parseToken(url) {
  if (url.length > 500) refuse('token/too-large');
  const form = /^(https:\/\/[a-z0-9.-]{1,253}(:[0-9]{1,5})?(\/[A-Za-z0-9._~-]*)*)#tally1\.([A-Za-z0-9_-]+)$/;
  const [, page, , , text] = form.exec(url) ?? refuse('token/url');
  const data = Buffer.from(text, 'base64url');
  if (data.toString('base64url') !== text) refuse('token/url');
  if (data[0] !== 1) refuse('token/version');
  const kind = ['bearer', 'bound'][data[1]] ?? refuse('token/kind');
  if (data.length < 146) refuse('token/url');
  const body = data.subarray(0, -64);
  const terms = outcome(() => ({ value: parseText(decodeText(body.subarray(82))) })).value;
  if (body.length > 82 + 160 || terms?.constructor !== Object) refuse('token/terms');
  const issuer = body.subarray(34, 66);
  return {
    read: { page, kind, number: hex(body.subarray(66, 82)), terms, issuer: hex(sha256(issuer)), hash: hashToken(body) },
    book: hex(body.subarray(2, 34)),
    issuer,
    message: Buffer.concat([Buffer.from('tallystick/token/1\n'), body]),
    signature: data.subarray(-64),
  };
}
const hashToken = (body) => hex(sha256('tallystick/token/1\n', body));
function checkUrl({ url, book, issuers, named }) {
  const token = parseToken(url);
  if (token.book !== book) refuse('token/book');
  const mightIssue = issuers.includes(token.read.issuer) || named.includes(token.read.hash);
  if (!mightIssue || !isAcceptedKey(token.issuer)) refuse('token/issuer');
  return isValid(token.issuer, token.message, token.signature) ? token.read : refuse('token/signature');
}
const claimed = ({ op }) =>
  op.verb === 'token.claim@1' && Object.keys(op.args).join() === 'token' ? op.args.token : undefined;
function checkClaim({ token, wallet, claim }) {
  const [genesis, op] = [wallet, claim].map((data) => outcome(() => parseRecord(bytes(data))));
  const opens = genesis.op?.verb === 'book.open@1' && outcome(() => checkArgs('book.open@1', genesis.op.args)).ok;
  const key = opens && bytes(genesis.op.args.key);
  const isOwn = (record) => record.ok && key && record.keyId === hex(sha256(key)) && record.op.device === record.keyId;
  const isSigned = (record) => isOwn(record) && isValid(key, preimage(genesis.hash, record.hash), record.signature);
  if (!isSigned(genesis) || !isSigned(op) || claimed(op) !== token) refuse('token/claim');
  return { device: op.op.device, key, hash: op.hash };
}
function checkPresentation({ url, challenge, wallet, claim, proof, known }) {
  const { read } = parseToken(url);
  const first = known.map((pair) => outcome(() => checkClaim({ token: read.hash, ...pair }))).find(({ ok }) => ok);
  if (claim === undefined && read.kind === 'bound') refuse('token/claim');
  if (claim === undefined) return first === undefined ? {} : refuse('token/claimed');
  const { device, key, hash } = checkClaim({ token: read.hash, wallet, claim });
  const message = Buffer.concat([Buffer.from('tallystick/token-present/1\n'), bytes(read.hash + challenge)]);
  if (proof === undefined || !isValid(key, message, bytes(proof))) refuse('token/holder');
  return first === undefined || first.hash === hash ? { device } : refuse('token/claimed');
}
function checkDoubleClaim({ token, claims }) {
  const [one, other] = claims.map((claim) => checkClaim({ token, ...claim }));
  return one.hash === other.hash ? refuse('token/same-claim') : { devices: [one.device, other.device] };
}
function readText({ kind, text }) {
  const [, said, base64] = /^tally1-(ask|answer)\.([A-Za-z0-9_-]*)$/.exec(text) ?? refuse('token/text');
  const data = Buffer.from(base64, 'base64url');
  const isOne = said === kind && data.toString('base64url') === base64 && text.length <= 2_953 && !text.endsWith('\n');
  if (!isOne || (kind === 'ask' && data.length !== 64)) refuse('token/text');
  if (kind === 'ask') return { token: hex(data.subarray(0, 32)), challenge: hex(data.subarray(32)) };
  let at = 0;
  const records = [0, 0].map(() => {
    if (at + 2 > data.length) refuse('token/text');
    const start = at + 2;
    at = start + data.readUInt16BE(at);
    return data.subarray(start, at);
  });
  if (data.length !== at + 64 || !records.every((record) => outcome(() => parseRecord(record)).ok))
    refuse('token/text');
  return { wallet: hex(records[0]), claim: hex(records[1]), proof: hex(data.subarray(at)) };
}
export const judges = {
  'token/url': (input) => outcome(() => checkUrl(input)),
  'token/claim': (input) => outcome(() => ({ device: checkClaim(input).device })),
  'token/presentation': (input) => outcome(() => checkPresentation(input)),
  'token/text': (input) => outcome(() => readText(input)),
  'token/double-claim': (input) => outcome(() => checkDoubleClaim(input)),
};
