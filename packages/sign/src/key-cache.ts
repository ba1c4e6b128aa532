// What providers derive from a public key once (a verdict, a point, a native key object), kept for the keys used last.
import { encodeHex } from '@tallystick/oplog';

/** More than one firm has tills; some 150 bytes each, and what is derived. */
const defaultLimit = 32_768;

/** `derive` with its results kept; beyond `limit` the least recently used is dropped. What throws or rejects is not kept. */
export function rememberKeys<T extends object | boolean>(
  derive: (publicKey: Uint8Array) => T,
  limit: number = defaultLimit,
): ((publicKey: Uint8Array) => T) & { note(publicKey: Uint8Array, result: T): void } {
  const resultsByKey = new Map<string, T>();
  const deriveAnew = (key: string, publicKey: Uint8Array): T => {
    const result = derive(publicKey);
    if (result instanceof Promise) result.catch(() => resultsByKey.delete(key));
    return result;
  };
  const keep = (key: string, result: T): T => {
    resultsByKey.delete(key);
    resultsByKey.set(key, result);
    const [oldest] = resultsByKey.size > limit ? resultsByKey.keys() : [];
    if (oldest !== undefined) resultsByKey.delete(oldest);
    return result;
  };
  const remember = (publicKey: Uint8Array): T => {
    const key = encodeHex(publicKey);
    return keep(key, resultsByKey.get(key) ?? deriveAnew(key, publicKey));
  };
  return Object.assign(remember, {
    note: (publicKey: Uint8Array, result: T) => void keep(encodeHex(publicKey), result),
  });
}
