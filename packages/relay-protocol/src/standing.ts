// The relay's signed word on how far a log reaches, given after it was shown what it signed before (docs/spec/relay.md, "Standing"): without it
// nobody could prove that a log was shortened, for an old note stays true.
import {
  encodeCheckpoint,
  encodeVerifierKey,
  type Hasher,
  type NoteKey,
  type NoteSigner,
  openNote,
  parseCheckpoint,
  signNote,
} from '@tallystick/chain';
import { encodeHex, type MaybePromise, parseOpHash, type Result, type RootHash } from '@tallystick/oplog';
import type { NoteCheck } from './receipt.ts';

const standingLine = 'tallystick-standing/1';

export interface Standing {
  readonly origin: string;
  /** Ops in the log when the relay was asked. */
  readonly size: number;
  readonly root: RootHash;
  /** The digest of the note that the relay was shown, in hex: `noteDigest`. */
  readonly after: string;
}

/**
 * What a standing names the note by that the relay was shown: SHA-256 of the signature in the first line of `key`, in hex. Nobody can name a note before it is
 * signed. Undefined for a note without such a line. The note is to be opened first: this checks nothing.
 */
export function noteDigest(note: string, key: NoteKey, hasher: Hasher): string | undefined {
  const id = encodeVerifierKey(key, hasher).slice(key.name.length + 1, key.name.length + 9);
  const lines = note.slice(note.lastIndexOf('\n\n') + 2).split('\n');
  for (const [dash, name, encoded = ''] of lines.map((line) => line.split(' '))) {
    const bytes = dash === '\u2014' && name === key.name ? parseBase64(encoded) : undefined;
    if (bytes !== undefined && encodeHex(bytes.subarray(0, 4)) === id)
      return encodeHex(hasher.sha256(bytes.subarray(4)));
  }
  return undefined;
}

function parseBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

export function signStanding({ after, ...log }: Standing, signer: NoteSigner, hasher: Hasher): MaybePromise<string> {
  const [origin, size, root] = encodeCheckpoint(log).split('\n');
  return signNote(`${origin}\n${standingLine}\n${size}\n${root}\n${after}\n`, signer, hasher);
}

/** Refusals: those of chain's `openNote`, `relay/standing-format`, `relay/standing-origin`. */
export async function verifyStanding(note: string, check: NoteCheck): Promise<Result<Standing>> {
  const opened = await openNote(note, check.key, check.verify, check.hasher);
  if (!opened.ok) return opened;
  const [origin = '', kind, size, root, after, ...rest] = opened.value.body.split('\n');
  const log = parseCheckpoint(`${origin}\n${size}\n${root}\n`);
  const digest = parseOpHash(after);
  if (kind !== standingLine || !log.ok || digest === undefined || rest.length !== 1)
    return { ok: false, code: 'relay/standing-format', message: 'not the text of a standing' };
  if (origin !== check.origin)
    return {
      ok: false,
      code: 'relay/standing-origin',
      message: `the standing is about ${origin}, not ${check.origin}`,
    };
  return { ok: true, value: { ...log.value, after: digest } };
}
