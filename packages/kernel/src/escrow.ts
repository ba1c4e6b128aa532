/**
 * @tallystick/kernel/escrow. What a book says of the backups of its devices' keys: to whom the organisation wants them sealed, and for each key how it
 * was backed up, with the sealed text where nobody can open that without a passkey or the organisation. A wiped device then finds its backup with
 * anybody who has the book. What is sealed, and in which form, is docs/spec/backup.md; the verbs are in docs/keys.md. Nothing here seals or opens.
 */
import { defaultRevokes } from '@tallystick/sign';
import { isExactly, isHash, schemaOf } from './builtin-tables.ts';
import { type RegisterTable, registerTable } from './table.ts';
import { defineVerb, refuse, type Verb } from './verb.ts';

type Text = 'text';

/** `file` is one that its owner keeps, under a passphrase. */
export type BackupKind = 'passkey' | 'organisation' | 'shares' | 'file';

/** Age recipients separated by spaces, any one of which opens what is sealed to the organisation; one row named `book`. */
export const escrow: RegisterTable<{ of: Text }, { recipients: Text }> = registerTable('escrow', {
  key: { of: 'text' },
  columns: { recipients: 'text' },
});

/**
 * How a key was backed up, by the device that is said to have it: whoever names another device's key writes a row of its own. `sealed` is armored
 * age text; '' for shares and files, which people keep.
 */
export const keyBackups: RegisterTable<{ device: Text; keyId: Text; kind: Text }, { sealed: Text; by: Text }> =
  registerTable('keyBackups', {
    key: { device: 'text', keyId: 'text', kind: 'text' },
    columns: { sealed: 'text', by: 'text' },
  });

export interface EscrowArgs {
  /** 1 to 8 age recipients. */
  readonly recipients: readonly string[];
}
export interface KeyBackupArgs {
  readonly device: string;
  /** SHA-256 of the public key. */
  readonly keyId: string;
  readonly kind: BackupKind;
  /** Armored age text; '' for shares and files. */
  readonly sealed: string;
}

const RECIPIENT = /^age1[0-9a-z]{10,2100}$/;
const MAX_SEALED_UNITS = 32_768;

export const escrowSet: Verb<'escrow.set', EscrowArgs> = defineVerb({
  name: 'escrow.set',
  version: 1,
  roles: ['owner'],
  tables: [escrow],
  args: schemaOf<EscrowArgs>(isEscrow, '{ recipients: [1 to 8 of age1...] }'),
  plan: (_view, _op, { recipients }) => [escrow.write({ of: 'book', recipients: recipients.join(' ') })],
});

/** By the device itself, or by whoever enrols it: the backup stands in the book before the device does. */
export const keyBackup: Verb<'key.backup', KeyBackupArgs> = defineVerb({
  name: 'key.backup',
  version: 1,
  roles: defaultRevokes('owner'),
  tables: [keyBackups],
  args: schemaOf<KeyBackupArgs>(
    isBackup,
    '{ device, keyId, kind: passkey | organisation | shares | file, sealed: text, empty for shares and files }',
  ),
  plan: (view, op, args) => {
    const { role } = view.author;
    if (op.device !== args.device && role !== 'owner' && role !== 'manager') return refuse('escrow/not-yours');
    return [keyBackups.write({ ...args, by: op.device })];
  },
});

/** What a book passes to `openBook` beside the verbs of its domain. */
export const escrowVerbs: readonly [typeof escrowSet, typeof keyBackup] = [escrowSet, keyBackup];

function isEscrow(value: unknown): boolean {
  if (!isExactly(value, ['recipients']) || !Array.isArray(value['recipients'])) return false;
  const recipients: readonly unknown[] = value['recipients'];
  if (recipients.length < 1 || recipients.length > 8 || new Set(recipients).size !== recipients.length) return false;
  return recipients.every((recipient) => typeof recipient === 'string' && RECIPIENT.test(recipient));
}

function isBackup(value: unknown): boolean {
  if (!isExactly(value, ['device', 'keyId', 'kind', 'sealed'])) return false;
  const { device, keyId, kind, sealed } = value;
  if (!isHash(device) || !isHash(keyId) || typeof sealed !== 'string' || sealed.length > MAX_SEALED_UNITS) return false;
  if (kind === 'shares' || kind === 'file') return sealed === '';
  return (kind === 'passkey' || kind === 'organisation') && sealed.startsWith('-----BEGIN AGE ENCRYPTED FILE-----');
}
