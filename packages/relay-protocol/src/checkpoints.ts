// The checkpoints of a relay, each signed when somebody first asks for it: a push alone needs none (docs/spec/relay.md, "Notes").
import { encodeCheckpoint, type Hasher, type NoteSigner, signNote } from '@tallystick/chain';
import type { BookId, MaybePromise, RootHash, Scope } from '@tallystick/oplog';
import { originOf } from './receipt.ts';

export interface Checkpoints {
  /** The text that the relay signs about this log at this size and root. */
  bodyOf(book: BookId, scope: Scope, at: { readonly size: number; readonly root: RootHash }): string;
  /** The same, signed. What is asked for again and again is signed once. */
  of(book: BookId, scope: Scope, at: { readonly size: number; readonly root: RootHash }): MaybePromise<string>;
}

export function createCheckpoints(signer: NoteSigner, hasher: Hasher, maxKept = 1_024): Checkpoints {
  const notesByBody = new Map<string, MaybePromise<string>>();
  const bodyOf: Checkpoints['bodyOf'] = (book, scope, { size, root }) =>
    encodeCheckpoint({ origin: originOf(signer.name, book, scope), size, root });
  return {
    bodyOf,
    of(book, scope, at) {
      const body = bodyOf(book, scope, at);
      const kept = notesByBody.get(body);
      const note = kept ?? signNote(body, signer, hasher);
      // The one used longest ago goes first; what the signer fails at is asked again.
      notesByBody.delete(body);
      notesByBody.set(body, note);
      if (note instanceof Promise && kept === undefined) note.catch(() => notesByBody.delete(body));
      const [oldest] = notesByBody.size > maxKept ? notesByBody.keys() : [];
      if (oldest !== undefined) notesByBody.delete(oldest);
      return note;
    },
  };
}
