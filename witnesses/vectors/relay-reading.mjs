// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Authentication" and "Reading", read once more: whose request it is, and what it may read.
import { verify } from 'node:crypto';
import { bytes, fits, hex, isHash, outcome, privateKeyOf, publicKeyOf, rawPublicOf, refuse, sha256 } from './bytes.mjs';
import { Relay } from './relay-gate.mjs';

/** A PUT is the one signed request with a body, and covers its digest (RFC 9530). */
const componentsOf = (digest) => `("@method" "@authority" "@path" "@query"${digest} "tallystick-relay")`;
const isNonce = fits(/^[A-Za-z0-9_-]{16,64}$/);
const wide = ['owner', 'manager', 'auditor'];
const following = ['till', 'van', 'warehouse'];

/** Name and key id, as in the relay's vkey. */
function relayIdOf({ name, relaySeed }) {
  const raw = rawPublicOf(privateKeyOf(bytes(relaySeed)));
  return `${name}+${hex(sha256(`${name}\n`, Buffer.of(1), raw).subarray(0, 4))}`;
}
function readHeaders({ headers }, relayId) {
  const { 'signature-input': input, signature, 'tallystick-relay': said } = headers;
  if (input === undefined && signature === undefined) refuse('relay/unsigned');
  if (input === undefined || signature === undefined || said !== relayId) refuse('relay/signature');
  const [, text] = /^tallystick=(.*)$/.exec(input) ?? refuse('relay/signature');
  const [, encoded] = /^tallystick=:([A-Za-z0-9+/=]*):$/.exec(signature) ?? refuse('relay/signature');
  const parameters = Object.fromEntries(
    text
      .slice(text.indexOf(')') + 2)
      .split(';')
      .map((part) => {
        const [name, value] = part.split(/=(.*)/s);
        return [name, value.startsWith('"') ? value.slice(1, -1) : Number(value)];
      }),
  );
  return { text, signature: Buffer.from(encoded, 'base64'), ...parameters };
}
function checkParameters(method, { text, created, expires, nonce, keyid, tag, alg = 'ed25519' }, nowMs) {
  const lives = Number.isInteger(created) && Number.isInteger(expires) && expires > created && expires - created <= 300;
  const components = componentsOf(method === 'PUT' ? ' "content-digest"' : '');
  if (!text.startsWith(components) || alg !== 'ed25519') refuse('relay/signature');
  if (!lives || !isNonce(nonce) || !isHash(keyid) || tag !== 'tallystick') refuse('relay/signature');
  const now = Math.floor(nowMs / 1000);
  if (created > now + 60 || expires <= now - 60) refuse('relay/clock');
}
/** RFC 9421, section 2.5. */
function baseOf({ url, method, headers }, relayId, text) {
  const { host, pathname, search } = new URL(url);
  const lines = [`"@method": ${method}`, `"@authority": ${host}`, `"@path": ${pathname}`, `"@query": ${search || '?'}`];
  if (method === 'PUT') lines.push(`"content-digest": ${headers['content-digest']}`);
  return Buffer.from([...lines, `"tallystick-relay": ${relayId}`, `"@signature-params": ${text}`].join('\n'));
}
/** The position of the op that revoked the device last in the log. */
function revocationOf(relay, scope, device) {
  const { records } = relay.log(scope);
  return records.findLastIndex((frame) => {
    const { verb, args } = JSON.parse(frame.subarray(96));
    return verb === 'device.revoke@1' && args.device === device;
  });
}
function requireReach(relay, device, url) {
  const [, , , , , scopeText, ...rest] = new URL(url).pathname.split('/');
  const scope = decodeURIComponent(scopeText);
  const entries = relay.roster.devices.filter(({ id }) => id === device);
  const active = entries.filter((one) => relay.roster.standingOf(one) === 'active');
  if (active.length === 0) {
    const last = rest.join('/') === 'ops' ? revocationOf(relay, scope, device) : -1;
    return Number(new URL(url).searchParams.get('from') ?? 0) <= last ? undefined : refuse('relay/revoked');
  }
  const roles = active.filter((one) => one.scope === 'hq').map(({ role }) => role);
  const hasWritten = relay.log(scope).chains.has(device);
  const isIn = scope === 'hq' || active.some((one) => one.scope === scope);
  const follows = hasWritten && roles.some((role) => following.includes(role));
  return isIn || follows || roles.some((role) => wide.includes(role)) ? undefined : refuse('relay/scope');
}
function judgeReading(input) {
  const { book, nowMs, pushes, requests } = input;
  const relay = new Relay({ book, nowMs, limits: { maxForks: 256, maxQuarantined: 4_096 } });
  for (const push of pushes) relay.push(push);
  const relayId = relayIdOf(input);
  const seen = new Set();
  const answer = ({ method = 'GET', ...asked }) => {
    const request = { ...asked, method };
    if (relay.log('hq').records.length === 0) refuse('relay/unknown-book');
    const signed = readHeaders(request, relayId);
    checkParameters(method, signed, nowMs);
    const { text, signature, keyid, nonce } = signed;
    const entry = relay.roster.devices.find(({ id }) => id === keyid) ?? refuse('relay/not-enrolled');
    if (!verify(null, baseOf(request, relayId, text), publicKeyOf(bytes(entry.key)), signature))
      refuse('relay/signature');
    if (seen.has(`${keyid} ${nonce}`)) refuse('relay/replayed');
    seen.add(`${keyid} ${nonce}`);
    if (method === 'GET') return void requireReach(relay, keyid, request.url);
    const digest = `sha-256=:${sha256(request.body).toString('base64')}:`;
    if (request.headers['content-digest'] !== digest) refuse('relay/digest');
  };
  return { answers: requests.map((request) => outcome(() => void answer(request)).code ?? 'ok') };
}

export const judges = { 'relay-protocol/reading': judgeReading };
