// What the test builders use of `node:crypto`, in bundles for browsers.
import { portableHasher } from '@tallystick/chain';

interface Hash {
  update(more: string): Hash;
  digest(encoding: 'hex'): string;
}

export function createHash(_algorithm: 'sha256'): Hash {
  let text = '';
  const hash: Hash = {
    update(more) {
      text += more;
      return hash;
    },
    digest: () => portableHasher.sha256Hex(text),
  };
  return hash;
}
