// The entries of this till by the name of the call that makes them.
import { moveCashEntry } from './cash-entries.ts';
import { creditNoteEntry } from './credit-notes.ts';
import { payAccountEntry } from './customers.ts';
import { refundEntry, saleEntry, voidEntry } from './sale-entries.ts';
import { closeSessionEntry, openSessionEntry } from './session-entries.ts';

export const entries: {
  readonly sell: typeof saleEntry;
  readonly refund: typeof refundEntry;
  readonly refundAsNote: typeof creditNoteEntry;
  readonly voidSale: typeof voidEntry;
  readonly openSession: typeof openSessionEntry;
  readonly closeSession: typeof closeSessionEntry;
  readonly moveCash: typeof moveCashEntry;
  readonly payAccount: typeof payAccountEntry;
} = {
  sell: saleEntry,
  refund: refundEntry,
  refundAsNote: creditNoteEntry,
  voidSale: voidEntry,
  openSession: openSessionEntry,
  closeSession: closeSessionEntry,
  moveCash: moveCashEntry,
  payAccount: payAccountEntry,
};
