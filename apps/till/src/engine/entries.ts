// The entries of this till by the name of the call that makes them.
import { moveCashEntry } from './cash-entries.ts';
import { countEntry } from './count-entries.ts';
import { creditNoteEntry } from './credit-notes.ts';
import { payAccountEntry } from './customers.ts';
import { exchangeEntry, returnEntry } from './exchange-entries.ts';
import { cancelLayawayEntry, collectLayawayEntry, openLayawayEntry, payLayawayEntry } from './layaways.ts';
import { receiveEntry } from './supply-entries.ts';
import { scanSaleEntry } from './van-entries.ts';
import { refundEntry, saleEntry, voidEntry } from './sale-entries.ts';
import { closeSessionEntry, openSessionEntry } from './session-entries.ts';

export const entries: {
  readonly sell: typeof saleEntry;
  readonly refund: typeof refundEntry;
  readonly refundAsNote: typeof creditNoteEntry;
  readonly exchange: typeof exchangeEntry;
  readonly returnGoods: typeof returnEntry;
  readonly voidSale: typeof voidEntry;
  readonly openSession: typeof openSessionEntry;
  readonly closeSession: typeof closeSessionEntry;
  readonly moveCash: typeof moveCashEntry;
  readonly openLayaway: typeof openLayawayEntry;
  readonly payLayaway: typeof payLayawayEntry;
  readonly collectLayaway: typeof collectLayawayEntry;
  readonly cancelLayaway: typeof cancelLayawayEntry;
  readonly scanSale: typeof scanSaleEntry;
  readonly countGoods: typeof countEntry;
  readonly payAccount: typeof payAccountEntry;
  readonly receiveGoods: typeof receiveEntry;
} = {
  sell: saleEntry,
  refund: refundEntry,
  refundAsNote: creditNoteEntry,
  exchange: exchangeEntry,
  returnGoods: returnEntry,
  voidSale: voidEntry,
  openSession: openSessionEntry,
  closeSession: closeSessionEntry,
  moveCash: moveCashEntry,
  openLayaway: openLayawayEntry,
  payLayaway: payLayawayEntry,
  collectLayaway: collectLayawayEntry,
  cancelLayaway: cancelLayawayEntry,
  scanSale: scanSaleEntry,
  countGoods: countEntry,
  payAccount: payAccountEntry,
  receiveGoods: receiveEntry,
};
