// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// What every file of the checker needs: bytes, hex, SHA-256, keys of node:crypto, shapes and refusals.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
export const bytes = (text) => Buffer.from(text, 'hex');
export const hex = (data) => data.toString('hex');
/** A rule that a text fits a pattern; nothing but a text does. */
export const fits = (pattern) => (x) => typeof x === 'string' && pattern.test(x);
export const isHash = fits(/^[0-9a-f]{64}$/);
export const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);
/** A rule that an object has these members, each by its rule, perhaps those, and no others. */
export const has =
  (required, optional = {}) =>
  (x) =>
    isObject(x) &&
    Object.keys(x).every((name) => Object.hasOwn(required, name) || Object.hasOwn(optional, name)) &&
    Object.entries(required).every(([name, holds]) => Object.hasOwn(x, name) && holds(x[name])) &&
    Object.entries(optional).every(([name, holds]) => !Object.hasOwn(x, name) || holds(x[name]));
export const isText = (x) => typeof x === 'string';
export const textOf = (max) => (x) => isText(x) && within(x.length, 1, max);
export const within = (x, min, max) => Number.isInteger(x) && x >= min && x <= max;

/** Raw keys as node:crypto takes them, by the last byte of the object id: Ed25519 is 0x70, X25519 0x6e. */
const der = (prefix, raw, format) => ({ key: Buffer.concat([bytes(prefix), raw]), format: 'der', type: format });
export const publicKeyOf = (raw, curve = '70') => createPublicKey(der(`302a300506032b65${curve}032100`, raw, 'spki'));
export const privateKeyOf = (seed, curve = '70') =>
  createPrivateKey(der(`302e020100300506032b65${curve}04220420`, seed, 'pkcs8'));
export const rawPublicOf = (key) => createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(12);

/** `more` is what the refusal says besides its code. */
export function refuse(code, more = {}) {
  throw Object.assign(new Error(code), { code, more });
}
/** What `accept` answers, or the refusal it threw. */
export function outcome(accept) {
  try {
    return { ok: true, ...accept() };
  } catch (error) {
    if (!String(error.code).includes('/')) throw error;
    return { ok: false, code: error.code, ...error.more };
  }
}
