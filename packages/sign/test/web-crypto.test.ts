// Keys of a platform that cannot make every one of them.
import { webCryptoEd25519 } from '@tallystick/sign';
import { expect, it } from 'vitest';

/** Fails as WebKitGTK does, so many times. */
function failing(times: number): { readonly subtle: SubtleCrypto; readonly asked: () => number } {
  let asked = 0;
  const { subtle } = globalThis.crypto;
  const exportKey = (async (format: 'raw', key: CryptoKey) => {
    asked += 1;
    if (asked <= times) throw new DOMException('for an operation-specific reason', 'OperationError');
    return subtle.exportKey(format, key);
  }) as SubtleCrypto['exportKey'];
  const partial = new Proxy(subtle, {
    get: (target, name) => {
      if (name === 'exportKey') return exportKey;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  return { subtle: partial, asked: () => asked };
}

it('makes another key where the platform cannot make one', async () => {
  const { subtle, asked } = failing(3);
  const ed25519 = webCryptoEd25519(subtle);
  const key = await ed25519.generate();
  const message = Uint8Array.of(1, 2, 3);
  expect(await ed25519.verify(key.publicKey, message, await key.sign(message))).toBe(true);
  expect(asked()).toBe(4);
});

it('says so where it can make none', async () => {
  const { subtle, asked } = failing(Infinity);
  await expect(webCryptoEd25519(subtle).generate()).rejects.toThrow('for an operation-specific reason');
  expect(asked()).toBe(8);
});
