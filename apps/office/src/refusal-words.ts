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
  'erasure/held': 'the law keeps this person; let go of them first',
  'erasure/shredded': 'this person is forgotten already',
  'retail/foreign-session': 'a warehouse settles the sessions of vans alone',
  'retail/counted-twice': 'it counts one article twice',
  'kernel/bad-args': 'that has not the form it must have',
  'kernel/day': 'business days go forward, and not further ahead than the owner allows',
  'guards/rule': 'a rule of the owner forbids it',
  'guards/over-limit': 'that is more than may be spent',
  'guards/no-authority': 'nobody said how much this device may spend in that currency here',
  'guards/no-day': 'no business day is open (tally day DATE)',
  'ledger/unknown-account': 'there is no such account (tally account open)',
  'ledger/unbalanced': 'debits and credits are not equal',
  'ledger/account-currency': 'the account takes another currency',
  'ledger/period-open': 'the day is not over: open a later one first (tally day DATE)',
  'ledger/period-closed': 'that day is closed',
  'ledger/unknown-tax-class': 'there is no such tax class (tally tax set)',
  'retail/tender-mismatch': 'what is paid is not what it comes to',
  'retail/unknown-product': 'there is no such product (tally product set)',
  'retail/scale-mismatch': 'the product is counted in another unit, which never changes',
  'retail/unknown-document': 'there is no such document',
  'retail/unknown-line': 'the document has no such line',
  'retail/refund-reference': 'name the document that goods come back of with its line, or neither',
  'retail/over-refunded': 'more would be given back than was sold and is not back yet',
  'retail/voided': 'it was voided before',
  'retail/refunded': 'some of it was given back before: refund the rest',
  'retail/unknown-session': 'there is no such session',
  'retail/session-open': 'a session is open on this device: close it first',
  'retail/session-closed': 'that session is closed',
  'retail/drawer-short': 'there is not so much in the drawer',
  'retail/out-of-stock': 'there is not so much of it here, and its policy is to refuse',
  'retail/over-credit': 'that is more than the customer may owe, or has to their credit',
  'retail/open-return': 'the policy does not allow that without the sale it came from',
  'retail/bill-held': 'the bill is held: it must be matched or approved first (tally purchases)',
  'retail/bill-entered': 'that bill is in the books already',
  'retail/not-asked': 'nobody asked for such an order (tally purchases)',
  'retail/order-decided': 'somebody has decided about it before',
  'retail/own-order': 'whoever asked for an order does not approve it: somebody else must',
  'retail/no-bill': 'there is no such bill',
  'retail/not-for-here': 'the goods were loaded for another place',
  'retail/sold-on': 'the van sold on after it was counted: count its goods and cash again',
  'retail/no-purchase-order': 'there is no such order here',
  'retail/purchase-closed': 'nothing more is waited for of that order',
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
