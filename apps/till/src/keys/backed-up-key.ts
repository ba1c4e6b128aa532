// Making this till's key together with its backups, and putting it back from one of them. Runs in the page, because a passkey asks the person,
// and is loaded when it is needed: the sealing and its word list are larger than the rest of the page.
import { portableHasher } from '@tallystick/chain';
import {
  combineShares,
  createBackedUpKey,
  createOrganisationIdentity,
  createPasskey,
  CustodyError,
  type CustodyResult,
  openBackup,
  openIdentity,
  type OpenedKey,
  parseShare,
  type Recipient,
  restoreKey,
  sealIdentity,
  type Share,
  shareToText,
  shareToWords,
} from '@tallystick/custody';
import { createIndexedDbKeyStore, type ImportingKeyStore } from '@tallystick/sign';
import type { Backup, BackupOpener, Outcome } from '../engine/port.ts';
import type { MadeKey } from '../engine/requests.ts';

export type { OpenedKey } from '@tallystick/custody';

type KeyId = NonNullable<NonNullable<Parameters<typeof openBackup>[2]>['expect']>;

const store = (): ImportingKeyStore => createIndexedDbKeyStore({ hasher: portableHasher });
/** The name of a till's first key; later ones get names of their own. */
const firstSlot = 'device';

/** How a key is to be backed up: at least one way. */
export interface BackupWays {
  /** What the passkey is to be called where the person looks for it. */
  readonly passkey: string | undefined;
  /** Age recipients; empty for none. */
  readonly escrow: readonly string[];
  readonly shares: { readonly threshold: number; readonly count: number } | undefined;
}

/** One sheet of paper for one person. */
export interface Sheet {
  readonly words: readonly string[];
  /** For a QR code. */
  readonly text: string;
}

export interface Made {
  readonly key: MadeKey;
  readonly sheets: readonly Sheet[];
}

/** True where this browser keeps the key of a till already. */
export async function hasFirstKey(): Promise<boolean> {
  return (await store().load(firstSlot)) !== undefined;
}

/** Makes the key and its backups, and keeps the key only when they are made. `isFirst` for a till that joins. */
export async function makeKey(ways: BackupWays, isFirst: boolean): Promise<Outcome<Made>> {
  const slot = isFirst ? firstSlot : `next-${crypto.randomUUID()}`;
  try {
    const kinds: Backup['kind'][] = [];
    const sealTo: Recipient[] = [];
    if (ways.escrow.length > 0) {
      sealTo.push({ kind: 'organisation', recipients: ways.escrow });
      kinds.push('organisation');
    }
    let credential: string | undefined;
    if (ways.passkey !== undefined) {
      credential = await createPasskey({ name: ways.passkey });
      sealTo.push({ kind: 'passkey', credential });
      kinds.push('passkey');
    }
    const plan = { sealTo, ...(ways.shares === undefined ? {} : { shares: ways.shares }) };
    const { key, sealed, shares } = await createBackedUpKey(store(), slot, plan);
    const backups = sealed.map((text, index): Backup => ({ kind: kinds[index] ?? 'passkey', sealed: text }));
    if (shares.length > 0) backups.push({ kind: 'shares', sealed: '' });
    const opener = credential === undefined ? undefined : await sealedOpener(credential);
    const made = { slot, keyId: key.keyId, backups, sealedTo: ways.escrow, opener };
    return { ok: true, value: { key: made, sheets: shares.map(toSheet) } };
  } catch (error) {
    return failed(error);
  }
}

/** An identity that the passkey opens: backups are sealed to it, so that nobody is asked when one is made. */
async function sealedOpener(credential: string): Promise<BackupOpener> {
  const { identity, recipient } = await createOrganisationIdentity();
  return { kind: 'passkey', recipient, sealed: await sealIdentity(identity, { kind: 'passkey', credential }) };
}

/** For a till that has a key already. */
export async function makePasskeyOpener(name: string): Promise<Outcome<BackupOpener>> {
  try {
    return { ok: true, value: await sealedOpener(await createPasskey({ name })) };
  } catch (error) {
    return failed(error);
  }
}

/** The identity stays with whoever writes it down. */
export async function makePaperOpener(): Promise<{ readonly opener: BackupOpener; readonly identity: string }> {
  const { identity, recipient } = await createOrganisationIdentity();
  return { opener: { kind: 'paper', recipient, sealed: '' }, identity };
}

/** The identity in one of the openers of a backup, which the passkey of this person opens. */
export async function openWithPasskeyOf(sealed: readonly string[]): Promise<Outcome<string>> {
  let refused: Outcome<string> = { ok: false, code: 'custody/no-match', message: 'no passkey opens it' };
  for (const text of sealed) {
    refused = outcomeOf(await openIdentity(text, { kind: 'passkey' }));
    if (refused.ok) return refused;
  }
  return refused;
}

function toSheet(share: Share): Sheet {
  return { words: shareToWords(share).split(/\s+/), text: shareToText(share) };
}

/** A key that only this browser can read, for as long as it asks the office for its own. */
export function createOneTimeIdentity(): Promise<{ readonly identity: string; readonly recipient: string }> {
  return createOrganisationIdentity();
}

export async function openWithPasskey(sealed: string, keyId: string): Promise<Outcome<OpenedKey>> {
  return outcomeOf(await openBackup(sealed, { kind: 'passkey' }, { expect: keyId as KeyId }));
}

export async function openReleased(sealed: string, identity: string, keyId: string): Promise<Outcome<OpenedKey>> {
  return outcomeOf(await openBackup(sealed, { kind: 'organisation', identity }, { expect: keyId as KeyId }));
}

/** Reads one sheet, as words or as the text of its code. */
export function readSheet(typed: string): Outcome<Share> {
  return outcomeOf(parseShare(typed));
}

/** `missing` sheets are still needed when it is not 0; how many that is stands in each sheet. */
export async function openWithSheets(
  sheets: readonly Share[],
  keyId: string,
): Promise<Outcome<{ readonly missing: number; readonly opened: OpenedKey | undefined }>> {
  const combined = await combineShares(sheets, { expect: keyId as KeyId });
  if (combined.ok) return { ok: true, value: { missing: 0, opened: combined.value } };
  if (combined.code !== 'custody/share-count') return { ok: false, code: combined.code, message: combined.message };
  return { ok: true, value: { missing: (combined.need ?? 0) - (combined.have ?? 0), opened: undefined } };
}

/** Keeps the key in this browser as that of its till. */
export async function putBack(opened: OpenedKey): Promise<Outcome<void>> {
  try {
    // It may be here already: the page was closed before the shop was opened.
    if ((await store().load(firstSlot))?.keyId === opened.keyId) opened.seed.fill(0);
    else await restoreKey(store(), firstSlot, opened);
    return { ok: true, value: undefined };
  } catch (error) {
    return failed(error);
  }
}

function outcomeOf<T>(result: CustodyResult<T>): Outcome<T> {
  return result.ok ? result : { ok: false, code: result.code, message: result.message };
}

function failed(error: unknown): Extract<Outcome<never>, { ok: false }> {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof CustodyError || hasCode(error) ? error.code : 'till/failed';
  return { ok: false, code, message };
}

function hasCode(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}
