// What is loaded when goods are put by for a customer, paid for in parts, collected or given up.
export { LayawaysDialog } from './layaways-dialog.tsx';
export { PutByDialog } from './put-by-dialog.tsx';
