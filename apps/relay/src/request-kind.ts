// What a request asks for, in a word: for the log and the metrics, which keep nothing of a path that anybody may have made up.

export type RequestKind =
  | 'push'
  | 'claim'
  | 'pull'
  | 'tail'
  | 'keys'
  | 'kept'
  | 'scopes'
  | 'checkpoint'
  | 'cosign'
  | 'standing'
  | 'proof'
  | 'tile'
  | 'info'
  | 'health'
  | 'other';

const inLog =
  /^\/v1\/books\/([0-9a-f]{64})\/scopes\/[A-Za-z0-9._~%-]{1,200}\/(ops|claims|checkpoint|cosignatures|standing|proof|tile|kept)(?:[/?]|$)/;
const ofBook = /^\/v1\/books\/([0-9a-f]{64})\/(scopes(?!\/)|tail(?!\/)|keys)(?:[?/]|$)/;
const kindByName: Readonly<Record<string, RequestKind>> = {
  ops: 'pull',
  claims: 'claim',
  checkpoint: 'checkpoint',
  cosignatures: 'cosign',
  standing: 'standing',
  proof: 'proof',
  tile: 'tile',
  scopes: 'scopes',
  tail: 'tail',
  keys: 'keys',
  kept: 'kept',
};

export interface Asked {
  readonly kind: RequestKind;
  /** The id of the book that it is about, if it is about one. */
  readonly book: string | undefined;
}

/** `target` is the path with its query, as it came. */
export function askedOf(method: string, target: string): Asked {
  const [, book, name = ''] = inLog.exec(target) ?? ofBook.exec(target) ?? [];
  if (name === 'ops' && method === 'POST') return { kind: 'push', book };
  const other = target.startsWith('/healthz') ? 'health' : /^\/v1\/info(?:\?|$)/.test(target) ? 'info' : 'other';
  return { kind: kindByName[name] ?? other, book };
}
