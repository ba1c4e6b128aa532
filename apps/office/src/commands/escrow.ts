// `tally escrow`: the organisation's own key, to which tills seal theirs; and giving a key out of escrow to whoever needs it.
import { createOrganisationIdentity, openBackup, sealKey } from '@tallystick/custody';
import type { KeyId } from '@tallystick/oplog';
import { type Command, usage } from '../command.ts';
import { findDevice } from '../device-text.ts';
import { OfficeError } from '../errors.ts';
import { escrowRecipients } from '../escrow.ts';
import { readIdentity, writePrivateFile } from '../key-files.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { readBackups } from '../web/restore.ts';
import { changingCommand } from './changing.ts';
import { readingCommand } from './reading.ts';

export const escrow: Command = changingCommand({
  name: 'escrow',
  summary: "Show to whom devices seal their keys, or name the organisation's own age keys for it.",
  operands: '[RECIPIENT...]',
  minOperands: 0,
  maxOperands: 8,
  options: {
    new: { type: 'string', value: 'FILE', help: 'make a new identity, kept in FILE, and name its recipient' },
  },
  notes:
    'Without RECIPIENT and --new it shows them; otherwise they take the place of those named before, up to 8.\nFILE opens every key in escrow: take it offline and put it into a safe.\nRECIPIENT is an age recipient, age1...; age-keygen makes one too. New tills back their keys up with it; what was sealed before stays as it was.',
  changes: (context) => context.positionals.length > 0 || context.text('new') !== undefined,
  async change(book, context) {
    const file = context.text('new');
    const named = [...context.positionals];
    if (file !== undefined) {
      const { identity, recipient } = await createOrganisationIdentity();
      // The identity is on the disk before anything is sealed to it.
      writePrivateFile(context.path(file), `# recipient: ${recipient}\n${identity}\n`);
      named.push(recipient);
    }
    if (named.length > 0) mustBeCommitted(await book.commit('escrow.set', { recipients: named }));
    const recipients = escrowRecipients(book);
    return {
      json: { recipients },
      lines: recipients.length === 0 ? ['The organisation keeps no escrow.'] : recipients,
    };
  },
});

export const release: Command = readingCommand({
  name: 'release',
  summary: "Open a device's key in escrow with the organisation's identity, and seal it anew for whoever needs it.",
  operands: 'DEVICE',
  options: {
    identity: { type: 'string', value: 'FILE', help: 'the identity that tally escrow --new made' },
    to: { type: 'string', value: 'RECIPIENT', help: 'age recipient of the device that asks' },
  },
  notes:
    'DEVICE is a name, or the first six or more digits of an id (see: tally devices). Both options are needed.\nIt prints an age file that only the identity of RECIPIENT opens. A wiped browser asks by itself: on the office’s page, Devices, Give its key back.',
  async answer(book, context) {
    const file = context.text('identity');
    const to = context.text('to');
    if (file === undefined || to === undefined) throw usage('--identity FILE and --to RECIPIENT are needed', 'release');
    const row = findDevice(book, context.positionals[0] ?? '');
    const backup = readBackups(book, row).find(({ kind }) => kind === 'organisation');
    if (backup === undefined) throw new OfficeError('office/keys', `the key of ${row.name} is not in escrow`);
    const opener = { kind: 'organisation', identity: readIdentity(context.path(file)) } as const;
    const opened = await openBackup(backup.sealed, opener, { expect: row.keyId as KeyId });
    if (!opened.ok) throw new OfficeError('office/keys', `key of ${row.name}: ${opened.message} (${opened.code})`);
    const sealed = await sealKey(opened.value, { kind: 'organisation', recipients: [to] });
    opened.value.seed.fill(0);
    return { status: 0, json: { device: row.device, keyId: row.keyId, sealed }, lines: [sealed.trimEnd()] };
  },
});
