// What is loaded when goods are counted, come in, or are handed over.
export { CountDialog } from './count-dialog.tsx';
export { HandOverDialog } from './hand-over-dialog.tsx';
export { ReceiveDialog } from './receive-dialog.tsx';
