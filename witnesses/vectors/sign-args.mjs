// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md read once more: the roles, and the args of the verbs about devices, keys and days.
import { bytes, fits, has, hex, isHash, isObject, isText, refuse, sha256, textOf, within } from './bytes.mjs';
import { rules } from './op.mjs';
import { isAcceptedKey, isValid } from './sign.mjs';

export const roles = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'];
export const mayEnrol = (author, role) => author === 'owner' || (author === 'manager' && role !== 'owner');
export function revokesUnlessSaid(author) {
  if (author === 'owner') return roles;
  return author === 'manager' ? roles.filter((role) => role !== 'owner' && role !== 'manager') : [];
}
const isRole = (x) => roles.includes(x);
const isReason = (x) => ['lost', 'stolen', 'retired', 'cloned', 'left', 'other'].includes(x);
const isName = textOf(200);
const isProof = fits(/^[0-9a-f]{128}$/);
/** Judged later, by a code of its own. */
const isAnything = () => true;
function isDay(x) {
  const [, year, month, day] = (isText(x) && /^(\d{4})-(\d{2})-(\d{2})$/.exec(x)) || [];
  const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return within(Number(month), 1, 12) && within(Number(day), 1, lastDay);
}
const eachOnce = (isOne, min, max) => (x) =>
  Array.isArray(x) && within(x.length, min, max) && x.every(isOne) && new Set(x).size === x.length;
const isRelayKey = (x) => isText(x) && x.length <= 300 && /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}$/.test(x);
const isAddress = (x) => isText(x) && x.length <= 500 && /^https?:\/\/[\x21-\x7e]+$/.test(x);
const isLog = has({ root: isHash, scope: rules.scope, size: (x) => within(x, 1, Number.MAX_SAFE_INTEGER) }, {});
const areLogs = (x) =>
  Array.isArray(x) && x.length <= 256 && x.every(isLog) && x.every(({ scope }, i) => i === 0 || x[i - 1].scope < scope);
const isTables = (x) => isObject(x) && Object.keys(x).length <= 1000 && Object.values(x).every(isText);

const entry = { device: isHash, key: isAnything, name: isName, role: isRole };
const place = { replaces: isHash, untilDay: isDay };
/** Of each verb the members that it has, and those that it may have. */
const members = {
  'book.open@1': [
    { key: isAnything, name: isName, verbs: eachOnce(rules.verb, 0, 1000) },
    { release: isName, tables: isTables },
  ],
  'device.enroll@1': [entry, place],
  'device.admit@1': [
    { ...entry, enrolment: isHash },
    { ...place, first: isAnything, proof: isProof },
  ],
  'device.rotate@1': [{ key: isAnything, proof: isProof }, {}],
  'device.revoke@1': [{ device: isHash, reason: isReason }, {}],
  'policy.revoke@1': [{ role: isRole, revokes: eachOnce(isRole, 0, 9) }, {}],
  'recovery.set@1': [{ keys: eachOnce(isHash, 1, 16), windowDays: (x) => within(x, 1, 3650) }, {}],
  'key.overrule@1': [{ act: isHash }, {}],
  'day.open@1': [{ day: isDay }, {}],
  'relay.appoint@1': [
    { epoch: (x) => within(x, 1, 1_000_000), relay: isRelayKey, from: isRelayKey, logs: areLogs },
    { address: isAddress },
  ],
  'policy.day@1': [{ role: (x) => x === 'manager' || x === 'till', aheadDays: (x) => within(x, 0, 3650) }, {}],
};
export const isRosterVerb = (verb) => Object.hasOwn(members, verb);
const isKey = (x) => isHash(x) && isAcceptedKey(bytes(x));
export const idOf = (key) => hex(sha256(bytes(key)));

/** Refuses args that are not those of the verb, keys that are not accepted, and admissions that the first key did not agree to. */
export function checkArgs(verb, args) {
  const [required, optional] = members[verb];
  const replacesItself = 'replaces' in args && args.replaces === args.device;
  if (!has(required, optional)(args) || replacesItself) refuse('sign/args');
  if ('key' in required && !isKey(args.key)) refuse('sign/key');
  if (verb === 'device.admit@1') checkFirstKey(args);
}
function checkFirstKey({ device, enrolment, key, first, proof }) {
  const [given, isFirst] = [[first, proof].filter((x) => x !== undefined).length, idOf(key) === device];
  if (given === (isFirst ? 2 : 0)) refuse(isFirst ? 'sign/args' : 'sign/device');
  if (given === 1) refuse('sign/args');
  if (isFirst) return;
  if (!isKey(first)) refuse('sign/key');
  if (idOf(first) !== device) refuse('sign/device');
  const message = Buffer.concat([Buffer.from('tallystick/admit/1\n'), bytes(enrolment), bytes(key)]);
  if (!isValid(bytes(first), message, bytes(proof))) refuse('sign/proof');
}
export const judges = { 'sign/enrolment': ({ author, role }) => ({ allowed: isRole(role) && mayEnrol(author, role) }) };
