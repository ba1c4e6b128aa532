// The store contract in the hands of our own test runner.
import type { MaybePromise } from '@tallystick/oplog';
import { describe, it } from 'vitest';
import { relayStoreCases, type StoreUnderTest } from '../src/contract.ts';

/** `forgets` is for a store in memory: the part about opening it again does not apply. */
export function relayStoreContract(
  name: string,
  make: () => MaybePromise<StoreUnderTest>,
  { forgets = false }: { readonly forgets?: boolean } = {},
): void {
  describe(`${name} keeps the relay store contract`, () => {
    const cases = relayStoreCases(name, { reopens: !forgets });
    it.each(cases)('$name', async ({ run }) => run(await make()));
  });
}
