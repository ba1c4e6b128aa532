// The op hash of DESIGN.md section 3.
import type { OpHash } from '@tallystick/oplog';
import type { Hasher } from './hasher.ts';

const domain = 'tallystick/op/1\n';

/** SHA-256("tallystick/op/1\n" || canonical text). The text is hashed as it stands; `openRecord` is what checks it. */
export function hashOp(text: string, hasher: Hasher): OpHash {
  return hasher.sha256Hex(domain + text) as OpHash;
}
