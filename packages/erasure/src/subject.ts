// Subjects and their keys (docs/spec/envelope.md, "Subjects"). A subject is named by dice, never by a person, and the log holds the hash of its key.
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { encodeHex } from '@tallystick/oplog';
import { ErasureError } from './errors.ts';
import { isGeneration, maxGeneration, parseSubject, type SubjectId } from './subject-id.ts';

/** One generation of a subject's key: losing access gives what is sealed later another key, never what was sealed before. */
export interface SubjectKey {
  readonly subject: SubjectId;
  /** From 1. */
  readonly generation: number;
  /** 32 bytes: whoever has them reads what was sealed under them. */
  readonly key: Uint8Array;
}

export const keyBytes = 32;

/** A new subject with the first generation of its key. */
export function createSubject(random: (count: number) => Uint8Array = randomBytes): SubjectKey {
  return { subject: encodeHex(random(16)) as SubjectId, generation: 1, key: random(keyBytes) };
}

/** The next generation of a subject's key. */
export function renewKey(
  { subject, generation }: Pick<SubjectKey, 'subject' | 'generation'>,
  random: (count: number) => Uint8Array = randomBytes,
): SubjectKey {
  return checkSubjectKey({ subject, generation: generation + 1, key: random(keyBytes) });
}

/** What the log says of a key: 64 lowercase hex digits that tell nothing of it. */
export function subjectKeyId({ subject, generation, key }: SubjectKey): string {
  return encodeHex(sha256(concatBytes(utf8ToBytes(`tallystick/subject-key/1\n${subject}.${generation}\n`), key)));
}

/** Throws `erasure/subject` or `erasure/key`. */
export function checkSubjectKey<K extends SubjectKey>(subjectKey: K): K {
  const { subject, generation, key } = subjectKey;
  if (parseSubject(subject) === undefined) throw new ErasureError('erasure/subject', 'a subject is 32 hex digits');
  if (!isGeneration(generation))
    throw new ErasureError('erasure/key', `a generation of ${generation} is not 1 to ${maxGeneration}`);
  if (key.length !== keyBytes) throw new ErasureError('erasure/key', `a key has ${keyBytes} bytes, not ${key.length}`);
  return subjectKey;
}
