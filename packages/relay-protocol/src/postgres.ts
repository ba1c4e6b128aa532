// The entry point of the relay store on PostgreSQL.
export type { PostgresOptions } from './postgres-session.ts';
export { createPostgresRelayStore, type PostgresRelayStoreOptions } from './postgres-store.ts';
