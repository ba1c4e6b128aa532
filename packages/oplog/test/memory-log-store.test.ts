import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { logStoreContract } from './contract.ts';

logStoreContract('memory', () => {
  const store = createMemoryLogStore();
  return { store, reopen: () => store };
});
