// What providers derive from a public key once (a verdict, a point, a native key object), kept for the keys used last.
import { encodeHex } from '@tallystick/oplog';

const defaultLimit = 4096;

/** `derive` with its results kept; beyond `limit` the least recently used is dropped. What throws or rejects is not kept. */
export function rememberKeys<T extends object | boolean>(
  derive: (publicKey: Uint8Array) => T,
  limit: number = defaultLimit,
): (publicKey: Uint8Array) => T {
  const resultsByKey = new Map<string, T>();
  const deriveAnew = (key: string, publicKey: Uint8Array): T => {
    const result = derive(publicKey);
    if (result instanceof Promise) result.catch(() => resultsByKey.delete(key));
    return result;
  };
  return (publicKey) => {
    const key = encodeHex(publicKey);
    const result = resultsByKey.get(key) ?? deriveAnew(key, publicKey);
    resultsByKey.delete(key);
    resultsByKey.set(key, result);
    const [oldest] = resultsByKey.size > limit ? resultsByKey.keys() : [];
    if (oldest !== undefined) resultsByKey.delete(oldest);
    return result;
  };
}
