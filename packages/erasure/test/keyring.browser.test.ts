import { describe } from 'vitest';
import { createIndexedDbKeyring } from '../src/index.ts';
import { describeKeyring } from './keyring-contract.ts';

describe('in IndexedDB', () => {
  let count = 0;
  describeKeyring(() => {
    count += 1;
    const database = `keyring-test-${count}`;
    return { keyring: createIndexedDbKeyring(database), reopen: () => createIndexedDbKeyring(database) };
  });
});
