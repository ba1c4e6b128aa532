// What the book refuses about devices, keys and waiting work, in words.
import type { Commit } from '@tallystick/kernel';
import { OfficeError } from './errors.ts';

const words: Readonly<Record<string, string>> = {
  'kernel/not-enrolled': 'this device is not enrolled in the book',
  'kernel/role': 'a device of this role may not do that',
  'kernel/revoked': 'this device was revoked',
  'kernel/expired': 'the last day of this device is over',
  'kernel/unanchored': 'this device was restored and must reach the relay first',
  'kernel/forked': 'this device was copied; it must go on as a new one (tally renew)',
  'kernel/unknown-device': 'that is no device of this book',
  'kernel/already-enrolled': 'that device is enrolled already',
  'kernel/already-revoked': 'that device was revoked already',
  'kernel/may-not-revoke': 'this device may not revoke a device of that role',
  'kernel/last-owner': 'the last owner stays',
  'kernel/may-not-recover': 'this device may not adopt that',
  'kernel/not-quarantined': 'nothing with that hash waits here',
  'kernel/already-recovered': 'somebody adopted or dismissed that already',
  'kernel/unknown-act': 'that is no act about devices and keys that can be taken back',
  'kernel/overruled': 'that was taken back already',
  'kernel/priority': 'that takes a recovery key of higher priority',
  'kernel/window-closed': 'the days in which that could be taken back are over',
  'erasure/held': 'the law keeps this person (erasure/held); let go of them first',
  'erasure/shredded': 'this person is forgotten already (erasure/shredded)',
  'kernel/bad-args': 'that has not the form it must have',
};

/** In words where there are some, with the code that documentation explains. */
export function refusalWords(code: string): string {
  const said = words[code];
  return said === undefined ? `the book refused it: ${code}` : `${said} (${code})`;
}

/** The commit, which must have been made. Throws `office/refused`. */
export function mustBeCommitted(commit: Commit | undefined): Extract<Commit, { ok: true }> {
  if (commit === undefined) throw new OfficeError('office/refused', 'there was nothing to do');
  if (!commit.ok) throw new OfficeError('office/refused', refusalWords(commit.code));
  return commit;
}
