// Device keys that come back, and keys that never leave their holder. Formats: docs/spec/backup.md.
export { type AgentKeyStoreOptions, createAgentKeyStore, type KeyAgent } from './agent.ts';
export { type BackedUpKey, type BackupPlan, createBackedUpKey, restoreKey } from './backup.ts';
export { type CustodyCode, CustodyError, type CustodyFailure, type CustodyResult } from './errors.ts';
export { openBackup, type OpenedKey, type RestoreOptions, sealKey } from './key.ts';
export { createPassphraseSeal, type PassphraseSeal, type PassphraseSealOptions } from './passphrase-seal.ts';
export { createOrganisationIdentity, createPasskey, type Opener, type Recipient } from './recipients.ts';
export { openIdentity, openSealedBytes, sealBytes, sealIdentity } from './sealed.ts';
export { parseShare, shareToText, shareToWords } from './share-text.ts';
export { combineShares, type Share, type SharePlan, splitKey } from './share.ts';
