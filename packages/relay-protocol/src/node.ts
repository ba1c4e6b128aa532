// The Node entry point: the relay store on SQLite.
export { createSqliteRelayStore, type SqliteRelayStoreOptions } from './sqlite-store.ts';
export { nodeUnpack } from './node-gunzip.ts';
