// The checkpoints of a relay, each signed when somebody first asks for it: a push alone needs none (docs/spec/relay.md, "Notes").
import { encodeCheckpoint, type Hasher, type NoteSigner, signNote } from '@tallystick/chain';
import type { BookId, MaybePromise, RootHash, Scope } from '@tallystick/oplog';
import { originOf } from './receipt.ts';
import type { Tenures } from './tenure.ts';

export interface Checkpoints {
  /** The text that the relay signs about this log at this size and root. */
  bodyOf(book: BookId, scope: Scope, at: { readonly size: number; readonly root: RootHash }): Promise<string>;
  /** The same, signed. What is asked for again and again is signed once. */
  of(book: BookId, scope: Scope, at: { readonly size: number; readonly root: RootHash }): MaybePromise<string>;
}

export function createCheckpoints(signer: NoteSigner, tenures: Tenures, hasher: Hasher, maxKept = 1_024): Checkpoints {
  const notesByBody = new Map<string, MaybePromise<string>>();
  const bodyOf: Checkpoints['bodyOf'] = async (book, scope, { size, root }) => {
    const { epoch } = await tenures.of(book);
    return encodeCheckpoint({ origin: originOf({ name: signer.name, epoch }, book, scope), size, root });
  };
  return {
    bodyOf,
    async of(book, scope, at) {
      const body = await bodyOf(book, scope, at);
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
