// @tallystick/oplog/memory: the log store that lives as long as its process. Of its own, because a device that keeps its log in a file never needs it.
export { createMemoryLogStore } from './memory-log-store.ts';
