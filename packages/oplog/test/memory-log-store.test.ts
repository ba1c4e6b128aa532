import { createMemoryLogStore } from '@tallystick/oplog';
import { logStoreContract } from './contract.ts';

logStoreContract('memory', () => {
  const store = createMemoryLogStore();
  return { store, reopen: () => store };
});
