// The codes of this package. What a person handed in and what was stored is answered by a code; what a caller asked for and
// cannot be done is thrown.

/** Why a sealed backup does not open (docs/spec/backup.md, "Sealed key"). */
export type SealCode =
  | 'custody/not-sealed'
  | 'custody/too-costly'
  | 'custody/opener'
  | 'custody/no-match'
  | 'custody/passkey'
  | 'custody/damaged'
  | 'custody/not-a-key'
  | 'custody/other-key';

/** Why a text is no share, or shares do not combine (docs/spec/backup.md, "Shares"). */
export type ShareCode =
  | 'custody/share-form'
  | 'custody/share-word'
  | 'custody/share-checksum'
  | 'custody/share-version'
  | 'custody/share-twice'
  | 'custody/share-set'
  | 'custody/share-count'
  | 'custody/share-key'
  | 'custody/other-key';

export type ThrownCode =
  | 'custody/recipient'
  | 'custody/passphrase'
  | 'custody/passkey'
  | 'custody/no-backup'
  | 'custody/threshold'
  | 'custody/agent';

export type CustodyCode = SealCode | ShareCode | ThrownCode;

/** A refused backup or share. The message is for people; branch on the code. */
export interface CustodyFailure<C extends SealCode | ShareCode = SealCode | ShareCode> {
  readonly code: C;
  readonly message: string;
  /** `custody/share-word`: the words in question, counted from 1. `custody/share-set`, `custody/share-twice`: the shares, likewise. */
  readonly places?: readonly number[];
  /** `custody/share-count`: how many of the set there are, and how many it takes. */
  readonly have?: number;
  readonly need?: number;
  readonly cause?: unknown;
}

export type CustodyResult<T, C extends SealCode | ShareCode = SealCode | ShareCode> =
  | { readonly ok: true; readonly value: T }
  | ({ readonly ok: false } & CustodyFailure<C>);

/** Everything this package throws. A seal throws the refusals of opening too, because a key store has no other way to say it. */
export class CustodyError extends Error {
  readonly code: CustodyCode;

  constructor(code: CustodyCode, message: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = 'CustodyError';
    this.code = code;
  }
}

export function refuse<C extends SealCode | ShareCode>(
  code: C,
  message: string,
  more: Omit<CustodyFailure<C>, 'code' | 'message'> = {},
): { readonly ok: false } & CustodyFailure<C> {
  return { ok: false, code, message, ...more };
}
