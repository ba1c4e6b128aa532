// The Node entry point: the relay store on SQLite.
export { checkRelayFile, type RelayFileReport } from './sqlite-check.ts';
export { createSqliteRelayStore, type SqliteRelayStore, type SqliteRelayStoreOptions } from './sqlite-store.ts';
export { createSqliteOutbox } from './sqlite-outbox.ts';
export { nodeUnpack } from './node-gunzip.ts';
