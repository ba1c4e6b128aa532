/** Who wrote an op, as the fold judges it at its place. */
import type { OpRecord } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { keyRotatedTo, rotateVerb } from '@tallystick/sign/device';
import { hqMark } from './builtin.ts';

export interface Author {
  readonly device: string;
  readonly role: Role;
  readonly name: string;
  readonly enrolment: string;
  readonly isRevoked: boolean;
  /** Its last business day, or ''. */
  readonly untilDay: string;
  /** Undefined for one enrolled here: its chain alone decides. For one of `hq` it is the key's id there, as of the mark. */
  readonly keyId: string | undefined;
  /** The id of the key that its chain here begins with. */
  readonly firstKeyId: string;
}

export function rootAuthor(record: OpRecord): Author {
  const { hash, op } = record;
  return {
    device: op.device,
    role: 'owner',
    name: 'root',
    enrolment: hash,
    isRevoked: false,
    untilDay: '',
    keyId: undefined,
    firstKeyId: op.device,
  };
}

/** What a chain under a key that `hq` no longer knows may still do: take notice of that, and go on under the key of `hq`. */
export function followsHq({ op }: OpRecord, keyId: string): boolean {
  return op.verb === hqMark.ref || (op.verb === rotateVerb && keyRotatedTo(op)?.keyId === keyId);
}
