// What is loaded when goods are counted.
export { CountDialog } from './count-dialog.tsx';
