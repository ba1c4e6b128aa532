// What is loaded when a backup of this till is given out.
export { BackUpDialog } from './back-up-dialog.tsx';
