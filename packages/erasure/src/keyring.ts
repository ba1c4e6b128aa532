// Where subject keys are kept: beside the log and never in it, in no snapshot and in no backup of the books (docs/spec/envelope.md, "Keyrings").
import type { MaybePromise } from '@tallystick/oplog';
import { ErasureError } from './errors.ts';
import { checkSubjectKey, type SubjectKey } from './subject.ts';
import { parseSubject, type SubjectId } from './subject-id.ts';

/** Every adapter passes `test/keyring-contract.ts`. All answers are after what they say is durable. */
export interface Keyring {
  /** The generations of a subject's key that are here, the newest first; none once it is shredded. */
  keys(subject: SubjectId): MaybePromise<readonly SubjectKey[]>;
  /** Keeps a key. The same key again is nothing new; another one under its name throws `erasure/key-exists`, a shredded subject `erasure/shredded`. */
  put(key: SubjectKey): MaybePromise<void>;
  /** Destroys every key of the subject, for good: none of them is taken back. Answers how many there were. */
  shred(subject: SubjectId): MaybePromise<number>;
  /** Destroys the keys as `shred` does, but takes them back when they come again: of who lost access. Answers how many there were. */
  forget(subject: SubjectId): MaybePromise<number>;
  isShredded(subject: SubjectId): MaybePromise<boolean>;
  /** Whose keys are here, in order. */
  subjects(): MaybePromise<readonly SubjectId[]>;
}

/** For who destroys: what is damaged goes too, and nobody knows how many keys it was. */
export function unlessDamaged<T>(error: unknown): T | undefined {
  if (error instanceof ErasureError && error.code === 'erasure/store') return undefined;
  throw error;
}

/** What a keyring keeps of a subject. */
export type KeptSubject = { readonly shredded: true } | { readonly shredded: false; readonly keys: readonly KeptKey[] };

export interface KeptKey {
  readonly generation: number;
  readonly key: Uint8Array;
}

/** What is kept after `put`, or undefined where nothing changes. Throws what `put` throws. */
export function withKey(kept: KeptSubject | undefined, subjectKey: SubjectKey): KeptSubject | undefined {
  const { subject, generation, key } = checkSubjectKey(subjectKey);
  if (kept?.shredded === true)
    throw new ErasureError('erasure/shredded', `the keys of subject ${subject} are destroyed`);
  const keys = kept?.keys ?? [];
  const same = keys.find((one) => one.generation === generation);
  if (same === undefined) {
    const all = [...keys, { generation, key: key.slice() }];
    return { shredded: false, keys: all.sort((a, b) => b.generation - a.generation) };
  }
  if (same.key.every((byte, i) => byte === key[i])) return undefined;
  throw new ErasureError('erasure/key-exists', `another key ${subject}.${generation} is here already`);
}

export function keysOf(subject: SubjectId, kept: KeptSubject | undefined): readonly SubjectKey[] {
  return kept === undefined || kept.shredded
    ? []
    : kept.keys.map(({ generation, key }) => ({ subject, generation, key: key.slice() }));
}

/** Throws `erasure/subject`: what a store makes a name of is checked first. */
export function checkSubject(subject: SubjectId): SubjectId {
  if (parseSubject(subject) === undefined) throw new ErasureError('erasure/subject', 'a subject is 32 hex digits');
  return subject;
}

/** Keys that end with the process. */
export function createMemoryKeyring(): Keyring {
  const keptBySubject = new Map<SubjectId, KeptSubject>();
  return {
    keys: (subject) => keysOf(subject, keptBySubject.get(checkSubject(subject))),
    put(subjectKey) {
      const kept = withKey(keptBySubject.get(subjectKey.subject), subjectKey);
      if (kept !== undefined) keptBySubject.set(subjectKey.subject, kept);
    },
    shred(subject) {
      const kept = keptBySubject.get(checkSubject(subject));
      keptBySubject.set(subject, { shredded: true });
      if (kept === undefined || kept.shredded) return 0;
      for (const { key } of kept.keys) key.fill(0);
      return kept.keys.length;
    },
    forget(subject) {
      const kept = keptBySubject.get(checkSubject(subject));
      if (kept === undefined || kept.shredded) return 0;
      keptBySubject.delete(subject);
      for (const { key } of kept.keys) key.fill(0);
      return kept.keys.length;
    },
    isShredded: (subject) => keptBySubject.get(checkSubject(subject))?.shredded === true,
    subjects: () =>
      [...keptBySubject]
        .filter(([, kept]) => !kept.shredded)
        .map(([subject]) => subject)
        .sort(),
  };
}
