// The Node entry point: the relay store on SQLite.
export { createSqliteRelayStore } from './sqlite-store.ts';
