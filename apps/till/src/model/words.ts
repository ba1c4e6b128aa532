// What the till says in words: where a sale stands, what the connection is, why something was refused.
import type { Link, Stage } from '../engine/port.ts';
import type { RelaySilence } from '../engine/standing.ts';

export const stageWords: Readonly<Record<Stage, string>> = {
  local: 'Saved on this till',
  syncing: 'Sending',
  durable: 'Stored at relay',
  settled: 'Settled',
};

const silenceWords: Readonly<Record<RelaySilence, string>> = {
  unreachable: 'Relay not answering',
  silent: 'Relay not answering',
  busy: 'Relay busy',
  garbled: 'Not the relay',
};

/** One line for the corner of the screen. It says what is known and never more. */
export function linkWords(link: Link, unsent: number): string {
  switch (link.kind) {
    case 'alone':
      return 'This device alone';
    case 'connecting':
      return 'Connecting';
    case 'linked':
      return unsent === 0 ? 'Up to date' : `Sending ${unsent}`;
    case 'no-network':
      return withUnsent('No network', unsent);
    case 'relay-unreachable':
      return withUnsent(silenceWords[link.how], unsent);
    case 'not-enrolled':
      return withUnsent('Not admitted yet', unsent);
    case 'relay-distrusted':
      return 'Relay not trusted';
    case 'refused':
      return 'Relay refuses';
  }
}

function withUnsent(words: string, unsent: number): string {
  return unsent === 0 ? words : `${words}, ${unsent} to send`;
}

const wordsByVerb: Readonly<Record<string, string>> = {
  'sale.complete': 'Sale',
  'sale.refund': 'Refund',
  'sale.void': 'Void',
  'sale.exchange': 'Exchange',
  'session.open': 'Drawer opened',
  'session.close': 'Drawer closed',
  'account.pay': 'Payment on account',
  'cash.receive': 'Paid in',
  'cash.pay': 'Paid out',
  'cash.drop': 'To the safe',
  'transfer.receive': 'Goods in',
};

/** A verb in a seller's words; its own name where we have none. */
export function verbWords(verb: string): string {
  return wordsByVerb[verb.split('@', 1)[0] ?? ''] ?? verb;
}

const refusalWords: Readonly<Record<string, string>> = {
  'retail/session-open': 'The drawer is already open on this till.',
  'retail/tender-mismatch': 'What was paid does not match the total.',
  'till/no-session': 'Open the drawer first.',
  'retail/over-refunded': 'More than was sold cannot come back.',
  'retail/refund-tender':
    'A coupon or gift paid for it: what a coupon paid is not given back, what a gift paid only on account.',
  'retail/entitled-goods': 'Each prize or coupon for goods needs a piece of them in the sale.',
  'ledger/device-total':
    'This till has taken as much as one device may. Ask the office to close the last month, or for another key.',
  'retail/voided': 'This sale was voided.',
  'retail/refunded': 'A part of this sale was refunded, so it cannot be voided.',
  'retail/out-of-stock': 'There is not enough in stock, and this shop does not sell below zero.',
  'retail/drawer-short': 'There is not so much in the drawer.',
  'retail/open-return': 'The shop’s policy on returns without a receipt does not allow this.',
  'retail/other-customer': 'Credit for this goes to the customer of the sale, and to nobody else.',
  'till/no-note': 'This is no delivery note of a shop.',
  'retail/not-for-here': 'These goods were loaded for another place.',
  'retail/transfer-received': 'This delivery was counted in before.',
  'retail/own-scope': 'This delivery was sent from here.',
  'till/fiscal-series': 'This till has no numbers of that series.',
  'retail/not-on-board': 'It is not on board, as far as the books know. Ring it up if it was sold all the same.',
  'guards/rule': 'A rule of the shop does not allow this. Ask the office.',
  'guards/rule-error': 'A rule of the shop could not be applied to this. Tell the office.',
  'ledger/unknown-account': 'The shop has no such account.',
  'kernel/unknown-device': 'This till was not let in where the shop issues and claims. Ask the office to admit it.',
  'kernel/not-enrolled': 'The shop has not admitted this till yet.',
  'kernel/unanchored': 'This till must reach the relay once before it may sell again.',
  'till/aside-unread':
    'What this till sold last is in the file of its old log. The office reads that in first, or the till goes on as a new one.',
  'kernel/revoked': 'This till was revoked, so nothing more of it counts.',
  'kernel/fork': 'Another device wrote this entry’s number first.',
  'kernel/forked': 'This till was copied. Tell the office before you go on.',
  'store/damaged':
    'The log on this device is damaged in the middle. Export it and keep the file, for the office where there is one: do not clear this browser.',
  'store/format':
    'The log on this device cannot be read. Export it and keep the file, for the office where there is one: do not clear this browser.',
  'store/newer':
    'A newer version of the till wrote the log on this device. Nothing is lost. Try again with a network; if this stays, whoever serves the till serves an older version.',
  'kernel/scope-stopped': 'This till needs its new version to go on.',
  'till/refund-lines': 'These lines cannot be refunded like this.',
  'retail/promotion-day': 'An offer in this cart is over. Go back to the cart and charge it again.',
  'retail/over-credit': 'That is more than this customer may owe. Take the rest another way, or ask the office.',
  'till/person-known': 'This till may not say anew who that is. Ask the office.',
  'till/customer-stopped': 'This customer buys nothing more on account. Ask the office.',
  'till/customer-currency': 'This customer’s account is in another currency.',
  'till/scan-damaged': 'This code is damaged or mistyped. Scan it again.',
  'till/scan-amount': 'The weight in this code does not fit how the article is sold.',
  'till/entitled-goods': 'This is for goods that are not in the cart.',
  'till/entitlement-currency': 'This is in another currency.',
  'token/url': 'This is no coupon, gift or credit of a shop.',
  'token/book': 'This is of another shop.',
  'token/issuer': 'Nobody of this shop who may issues this. Do not take it.',
  'token/signature': 'This was changed after it was issued. Do not take it.',
  'token/claim':
    'This belongs to the customer’s wallet. Charge the cart, choose “Coupon or gift”, and let the wallet answer.',
  'token/holder': 'This is not the wallet that it belongs to, or its answer is an old one. Do not take it.',
  'token/claimed': 'Another wallet claimed this before. Do not take it.',
  'token/text': 'This is not what a wallet answers.',
  'till/ask-over': 'That was asked too long ago. Let the wallet read the new code.',
  'retail/bad-terms': 'What this is good for cannot be read here.',
  'retail/expired': 'This is over: its last day has passed.',
  'retail/cancelled': 'The shop took this back.',
  'retail/claimed': 'Nothing is left of it.',
  'retail/overspent': 'There is not so much left of it.',
  'retail/other-goods': 'This is for other goods.',
  'retail/claim-first': 'That is more than may be taken on trust while the relay does not answer.',
  'retail/may-not-issue': 'This till may not issue that. Ask the office.',
  'till/not-claimed':
    'The relay does not answer any more, so what was shown could not be claimed. Charge again, and look at it anew.',
  'till/off-the-account': 'Of this sale less was paid than is to be paid back. Take it off the account.',
  'till/storage': 'This device could not save it.',
  'till/rows': 'What was sold before the backup cannot be read on this device. Bring the till back once more.',
  'till/not-saved': 'The till stopped in this tab before it was saved.',
  'till/outcome-unknown':
    'Whether it was saved is not known yet. Do the same again: the till looks first, and never writes it twice.',
  'till/closed-before': 'The drawer was closed before, with another count.',
  'till/no-book': 'The till is not set up yet.',
  'till/unknown-document': 'That document is not on this till.',
  'till/engine-gone': 'The till stopped working in this tab. Reload the page; what was saved is safe.',
  'till/office-unreachable': 'The office does not answer. Check the network and try again.',
  'office/invitation-unknown': 'The office does not know this invitation. Ask for a new one.',
  'office/invitation-used': 'This invitation was used already. Each till needs its own.',
  'office/device-refused': 'The office did not admit this device.',
  'office/name-taken': 'Another device of the shop has this name. Choose another.',
  'office/device-revoked': 'This till was revoked. Ask the office to invite a new till in its place.',
  'till/other-shop': 'This invitation is of another shop.',
  'sign/key-exists': 'This browser keeps the key of a till already. Reload it, or use another browser.',
  'custody/passkey': 'The passkey was not used: it was declined, is not on this device, or cannot seal.',
  'custody/no-match': 'This backup does not open with that.',
  'custody/other-key': 'This is the backup of another key.',
  'custody/damaged': 'This backup was changed after it was made.',
  'custody/not-sealed': 'This is not a backup of a key.',
  'custody/share-twice': 'This sheet was read already. Type another one.',
  'custody/share-set': 'This sheet is of another set than the first.',
  'custody/share-checksum': 'Some word is mistyped. Compare it with the sheet.',
  'custody/share-key': 'These sheets do not give the key of this till: one of them is not genuine.',
  'recovery/not-a-backup': 'This is no backup.',
  'recovery/truncated': 'This is not all there: its end is missing. Fetch it again.',
  'recovery/no-match': 'This does not open with that key or passkey.',
  'recovery/damaged': 'This was changed after it was made.',
  'recovery/format': 'A later version made this. Reload this page first.',
  'recovery/foreign': 'This is of another shop or another till.',
  'recovery/forged': 'No device of the shop signed this. Somebody made it up: tell the office.',
  'recovery/older': 'This is older than the number you know: a newer one was made.',
  'recovery/withheld': 'A newer one was made and is not here: it was held back or lost. Look for it first.',
  'recovery/two-series': 'There are backups of two copies of this till: it was copied or brought back twice.',
  'recovery/which': 'These are of several shops or devices. Choose the files of one only.',
  'recovery/log': 'The entries in this backup cannot be read.',
  'till/no-backup': 'Look at the backup first.',
  'till/no-relay': 'Say where the relay of the shop is: the till must hear from it before it sells.',
  'till/no-files':
    'This browser keeps no files, so nothing can be brought back into it from a backup. Use another one.',
  'till/no-opener': 'Nobody is named who could open a backup. Add a passkey or a recovery key first.',
  'till/passkey-only':
    'What opens with a passkey alone opens only from a file that was saved here. Add a recovery key on paper first.',
  'till/backup': 'The backup could not be made.',
  'till/bucket': 'The bucket did not take a file and give it back.',
  'invitation/empty': 'Paste the link or the code from the office.',
  'invitation/unreadable': 'This is not an invitation. Copy the whole link again.',
  'invitation/office': 'The invitation names no office to join.',
};

/** A refusal in plain words; the code's own message where we have none better. */
export function refusalText(code: string, message: string): string {
  if (code === 'till/key-used')
    return `It was saved before it was changed, as ${message}. Nothing was recorded now: look at that one under “Sales” first.`;
  if (code === 'till/unknown-customer') return `No customer has the number ${message}. The office enters them.`;
  if (code === 'till/note-unpaid')
    return `The refund ${message} is saved as paid in cash, and a credit note is not allowed: pay it out in cash, or ask the office.`;
  if (code === 'till/note-unissued')
    return `The refund ${message} is saved and its money stands as a deposit, but the note could not be issued. Ask again, or tell the office.`;
  if (code === 'till/note-begun')
    return `The refund ${message} is saved, and its credit note is not yet. Ask again before you leave this, or tell the office.`;
  if (code === 'till/unknown-coupon') return `No offer has the code ${message} today.`;
  if (code === 'till/scan-unknown') return `No article has the code ${message}.`;
  return refusalWords[code] ?? message;
}
