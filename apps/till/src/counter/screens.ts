// What is loaded when cash is moved without a sale, or a report of the drawer is asked for.
export { CashMoveDialog } from './cash-move-dialog.tsx';
export { ReportDialog } from './report-dialog.tsx';
