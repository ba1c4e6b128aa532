// The text of one subject's keys, one file a subject: the same in a folder and in the origin private file system.
import { decodeHex, encodeHex } from '@tallystick/oplog';
import { ErasureError } from './errors.ts';
import type { KeptSubject } from './keyring.ts';
import type { SubjectId } from './subject-id.ts';

const header = 'tallystick/keyring/1';
const shreddedText = `${header}\nshredded\n`;
const zeros = /^\0*$/;
const line = /^([1-9][0-9]{0,5}) ([0-9a-f]{64})$/;

/** The oldest key first: what is kept of one more key begins as it did before. */
export function encodeKept(kept: KeptSubject): string {
  if (kept.shredded) return shreddedText;
  const lines = kept.keys.map(({ generation, key }) => `${generation} ${encodeHex(key)}\n`);
  return `${header}\n${lines.reverse().join('')}`;
}

/** Undefined for zeros, where keys were being destroyed, and where the first was not written yet. Throws `erasure/store`. */
export function parseKept(text: string, subject: SubjectId): KeptSubject | undefined {
  if (text === shreddedText) return { shredded: true };
  if (zeros.test(text) || text === `${header}\n`) return undefined;
  const [first, ...rest] = text.split('\n');
  const keys = rest.slice(0, -1).map((entry) => {
    const [, generation, key] = line.exec(entry) ?? [];
    return key === undefined ? undefined : { generation: Number(generation), key: decodeHex(key) };
  });
  const whole = keys.filter((key) => key !== undefined);
  if (first === header && rest.at(-1) === '' && whole.length === keys.length && keys.length > 0)
    return { shredded: false, keys: whole.reverse() };
  throw new ErasureError('erasure/store', `the keys of subject ${subject} are damaged`);
}
