// What is loaded when a customer shows a coupon, gift or credit, or gets a credit note.
export { CreditNoteView } from './credit-note.tsx';
export { EntitlementDialog } from './entitlement-dialog.tsx';
export { TakeEntitlement } from './take-entitlement.tsx';
