/** What a correction means, for the person whose op it was and for the office: why it came about, and what is to be done. */

export interface CorrectionWords {
  readonly why: string;
  readonly remedy: string;
}

const nothingToDo = 'Nothing is to be done; it stands.';
const fromSeller = 'Ask for the money back, or settle it with the seller (seller.pay), or write it off in the journal.';
const askRule = 'It stands as it was done; what it gave away is owed. Talk to whoever did it, or change the rule.';
const spender =
  'It stands as it was done, and is not counted. Talk to whoever did it, or raise the limit (spend.limit).';
const asPaper = 'The receipt stands as it was printed.';
const withdrawn = `${asPaper} Look whether that till hears of changes in time.`;
const collect = 'The customer pays it on account (account.pay), or it is written off.';
const number =
  'The document stands without that number: note it for the authority, and lease that till a block of its own.';
const another = 'Another till was first, and neither could know.';

const wordsByCode: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  'guards/rule': ['A rule of the owner forbids it, and the till did not know the rule yet.', askRule],
  'guards/rule-error': ['A rule of the owner could not be applied to it.', 'Mend the rule (rule.set).'],
  'guards/over-limit': ['It is more than whoever did it may spend.', spender],
  'guards/no-authority': ['Whoever did it may not spend in that currency there.', spender],
  'guards/no-day': ['No business day was open, so nobody knew how much of the limit was left.', spender],
  'kernel/name-taken': ['Another device had that name first.', 'Give the device another name.'],
  'ledger/period-closed': [
    'Its period was closed.',
    'It stands on the first open day; look whether that day is right.',
  ],
  'ledger/late-entry': ['It came after its period was closed.', 'It stands on the first open day; nothing is lost.'],
  'ledger/account-currency': [
    'An account takes another currency now.',
    'Book it from suspense 1990 to where it belongs.',
  ],
  'ledger/exceeds-credits': ['An account may not go that low.', 'Book it from suspense 1990 to where it belongs.'],
  'ledger/exceeds-debits': ['An account may not go that high.', 'Book it from suspense 1990 to where it belongs.'],
  'ledger/receivable': ['A coupon, gift or credit was spent elsewhere first, or was not good for it.', collect],
  'ledger/promo-expense': ['A coupon, gift or credit was spent elsewhere first, or was not good for it.', nothingToDo],
  'retail/out-of-stock': ['There was not enough left of it: others had sold it.', 'Count the shelf, and order more.'],
  'retail/not-on-board': ['The van had not so much of it.', 'Count the van when it settles.'],
  'retail/scale-mismatch': ['The product is counted in another unit now.', 'Count the shelf: what moved was rounded.'],
  'retail/amount-range': ['The recipe cannot be counted.', 'Mend the recipe, and count its parts.'],
  'retail/over-credit': ['The customer owes more than was agreed.', collect],
  'retail/currency-mismatch': ['The customer’s account is in another currency now.', collect],
  'retail/promotion-day': ['The offer is not for that day.', withdrawn],
  'retail/promotion-goods': ['The offer is not for those goods.', withdrawn],
  'retail/promotion-coupon': ['The offer wants a code that was not handed in.', withdrawn],
  'retail/promotion-exceeded': ['The offer gives less than was taken off.', withdrawn],
  'retail/promotion-ended': ['The offer had been ended.', withdrawn],
  'retail/unknown-promotion': ['There is no such offer.', withdrawn],
  'retail/tax-rate': ['The tax rate had changed.', 'The receipt stands as printed; file the tax that it shows.'],
  'retail/over-refunded': ['More was given back than was sold. ' + another, fromSeller],
  'retail/refund-tender': ['A coupon, prize or gift had paid for what was given back in money.', fromSeller],
  'retail/entitled-goods': ['One piece of goods was handed out for several prizes.', withdrawn],
  'retail/voided': ['The sale was voided already. ' + another, fromSeller],
  'retail/refunded': ['A part of the sale was given back already. ' + another, fromSeller],
  'retail/unknown-document': [
    'The sale it is about is not in the books.',
    'Adopt or dismiss that sale, where it waits.',
  ],
  'retail/open-return': ['Goods came back without a sale in a way that the policy does not allow.', askRule],
  'retail/backorder': ['More was sold than was there; the goods are owed.', 'Deliver or cancel it (backorder.end).'],
  'retail/backorder-ended': ['Somebody else had delivered or cancelled it. ' + another, nothingToDo],
  'retail/no-backorder': ['None of these goods were owed.', nothingToDo],
  'retail/fiscal-used': ['Its fiscal number stands on another document.', number],
  'retail/fiscal-number': ['Its fiscal number is outside its block.', number],
  'retail/fiscal-block': ['Its block of fiscal numbers is over, or another’s.', number],
  'retail/session-open': ['The drawer was open already.', 'Count and close the older one.'],
  'retail/session-closed': ['Somebody else had counted this drawer.', 'The first count stands; compare the two.'],
  'retail/late-cash': ['Cash was taken or paid after somebody else had counted the drawer.', 'Look for that cash.'],
  'retail/drawer-short': ['There was not so much in the drawer.', 'Count it: what is missing shows at its closing.'],
  'retail/tender-mismatch': ['The layaway cost more than was paid.', collect],
  'retail/layaway-balance': ['More was paid back than had been paid. ' + another, fromSeller],
  'retail/layaway-fee': ['The shop may keep less of it.', 'Pay the difference back (account.return).'],
  'retail/layaway-overpaid': ['More was paid than it cost.', 'The rest is the customer’s credit (account.return).'],
  'retail/late-layaway': [
    'Another device had ended this layaway.',
    'Settle it with the customer: their account has it.',
  ],
  'retail/bad-part': ['Its first part is not in the books.', 'Adopt or dismiss that part, where it waits.'],
  'retail/claim-first': [
    'More was taken on trust than the shop allows.',
    'See to it that it is claimed (entitlement alarms).',
  ],
  'retail/claimed-before-issue': ['It was spent before the books knew that it was issued.', nothingToDo],
  'retail/bill-quantity': ['The bill asks for more than came in.', 'Approve or return it (purchase.approve).'],
  'retail/bill-price': ['The bill asks for more than was agreed.', 'Approve or return it (purchase.approve).'],
  'retail/unknown-layaway': [
    'The layaway it is about is not in the books.',
    'Adopt or dismiss that layaway, where it waits.',
  ],
  'retail/unknown-session': [
    'The drawer it is about is not in the books.',
    'Adopt or dismiss its opening, where it waits.',
  ],
  'retail/transfer-received': [
    'Somebody else had counted this transfer in.',
    'The first count stands; compare the two.',
  ],
  'retail/no-purchase-order': [
    'The order it is about is not in the books.',
    'Adopt or dismiss that order, where it waits.',
  ],
  'retail/no-bill': ['The bill that was paid is not in the books.', 'Enter it, or ask the supplier for the money.'],
  'retail/bill-held': [
    'The bill that was paid is held, or was sent back.',
    'Decide about the bill (purchase.approve).',
  ],
  'retail/purchase-closed': ['The order was closed when goods came in for it.', 'Match the supplier’s bill by hand.'],
  'retail/over-paid': ['More was paid than was owed.', 'Pay the rest back, or keep it for the next time.'],
  'retail/sold-on': [
    'The van sold on after it was counted.',
    'Count goods and cash of the van again, and settle the difference with the seller.',
  ],
  'retail/sales-missing': [
    'The van was settled before all that it had sold came in.',
    'Let the van’s till send what it has; each sale that comes in then says what it makes good.',
  ],
  'retail/not-for-here': [
    'The goods were loaded for another place.',
    'Send them on to where they belong, or keep them by a transfer.',
  ],
  'retail/late-scan': ['It was sold from a van that had been settled.', 'Settle the difference with the seller.'],
};

/** In plain English; a code that has no words says itself. Of what was decided since nothing is left to do. */
export function correctionWords(code: string, isDecided = false): CorrectionWords {
  const [why, remedy] = wordsByCode[code] ?? [`It could not be taken as it was (${code}).`, 'Look at it.'];
  return { why, remedy: isDecided ? 'Decided since: nothing is left to do.' : remedy };
}
