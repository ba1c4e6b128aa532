// The entry point of the relay store on NATS JetStream.
export type { NatsAlarm } from './nats-log.ts';
export type { NatsRelayStoreOptions } from './nats-store.ts';
export { createNatsRelayStore } from './nats-store.ts';
