// What is loaded when goods come back: a refund, a void, an exchange, a return without a receipt.
export { ExchangeDialog } from './exchange-dialog.tsx';
export { OpenReturnDialog } from './open-return-dialog.tsx';
export { PayBack } from './pay-back.tsx';
export { RefundDialog } from './refund-dialog.tsx';
export { VoidDialog } from './void-dialog.tsx';
