// What is loaded when cash is moved without a sale, a report of the drawer is asked for, or a sale goes on account.
export { CartTermsDialog } from './cart-terms-dialog.tsx';
export { CashMoveDialog } from './cash-move-dialog.tsx';
export { OnAccount } from './on-account.tsx';
export { PaymentDialog } from './payment-dialog.tsx';
export { ReportDialog } from './report-dialog.tsx';
