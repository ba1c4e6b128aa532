// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// What every file of the checker needs: bytes, hex, SHA-256 and refusals.
import { createHash } from 'node:crypto';

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
export const bytes = (text) => Buffer.from(text, 'hex');
export const hex = (data) => data.toString('hex');
/** A rule that a text fits a pattern; nothing but a text does. */
export const fits = (pattern) => (x) => typeof x === 'string' && pattern.test(x);
export const isHash = fits(/^[0-9a-f]{64}$/);
export const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);
export const within = (x, min, max) => Number.isInteger(x) && x >= min && x <= max;
export function refuse(code) {
  throw Object.assign(new Error(code), { code });
}
/** What `accept` answers, or the refusal it threw. */
export function outcome(accept) {
  try {
    return { ok: true, ...accept() };
  } catch (error) {
    if (!String(error.code).includes('/')) throw error;
    return { ok: false, code: error.code };
  }
}
