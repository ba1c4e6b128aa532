// What is loaded when keys are made, backed up, changed or put back.
export { BackupSetup } from './backup-setup.tsx';
export { ChangeKeyDialog, GoOnDialog } from './key-dialogs.tsx';
export { RestoreTill } from './restore-till.tsx';
