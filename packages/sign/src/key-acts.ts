// What was done about the devices and keys of `hq`, and who may take it back for how long (docs/spec/sign.md, "Recovery keys").
import type { DeviceId, Failure, OpHash } from '@tallystick/oplog';
import type { RecoverySetArgs, Role } from './roles.ts';

/** Something done that a recovery key may overrule, with what takes it back. */
export type KeyAct =
  | { readonly kind: 'enroll' | 'rotate' | 'revoke'; readonly device: DeviceId }
  | { readonly kind: 'policy'; readonly role: Role; readonly before: readonly Role[] | undefined }
  | { readonly kind: 'recovery'; readonly before: RecoverySetArgs };

interface Noted {
  readonly act: KeyAct;
  readonly author: DeviceId;
  readonly rank: number;
  readonly place: number;
  /** Days opened before it. */
  readonly days: number;
  readonly windowDays: number;
}

const nobody: RecoverySetArgs = { keys: [], windowDays: 0 };

export class KeyActs {
  #inForce: RecoverySetArgs = nobody;
  readonly #noted = new Map<OpHash, Noted>();
  readonly #overruled = new Set<OpHash>();
  /** Who opened each day since there are recovery keys. */
  readonly #dayOpeners: DeviceId[] = [];
  /** Places of the enrolments among the acts. */
  readonly #enrolledAt = new Map<DeviceId, number>();

  /** Takes note of an act that had its effect, once there is somebody who may overrule it. */
  note(hash: OpHash, author: DeviceId, act: KeyAct): void {
    const { keys, windowDays } = this.#inForce;
    if (keys.length === 0) return;
    const place = this.#noted.size;
    if (act.kind === 'enroll') this.#enrolledAt.set(act.device, place);
    const days = this.#dayOpeners.length;
    this.#noted.set(hash, { act, author, rank: this.#rankOf(author), place, days, windowDays });
  }

  noteDay(author: DeviceId): void {
    if (this.#inForce.keys.length > 0) this.#dayOpeners.push(author);
  }

  /** Whether this act is a revocation of that device: what it may overrule although it is revoked. */
  revokes(hash: unknown, device: DeviceId): boolean {
    const act = this.#noted.get(hash as OpHash)?.act;
    return act?.kind === 'revoke' && act.device === device;
  }

  /** Another list. Refusal: `sign/role`; keys above the author stay where they are, and only the highest says how long. */
  set(hash: OpHash, author: DeviceId, list: RecoverySetArgs): Failure | undefined {
    const before = this.#inForce;
    const rank = this.#rankOf(author);
    const keepsHigher = before.keys.slice(0, rank).every((device, index) => list.keys[index] === device);
    if (!keepsHigher || (rank > 0 && list.windowDays !== before.windowDays)) return tooLow(author);
    this.note(hash, author, { kind: 'recovery', before });
    this.#inForce = list;
    return undefined;
  }

  /** What is to be taken back. Refusals: `sign/act` (no such act, taken back already, or too late), `sign/role`. */
  overrule(hash: OpHash, author: DeviceId): KeyAct | Failure {
    const noted = this.#noted.get(hash);
    if (noted === undefined) return { code: 'sign/act', message: `${hash} is nothing that can be overruled` };
    if (this.#overruled.has(hash)) return { code: 'sign/act', message: `${hash} is overruled already` };
    if (this.#rankOf(author) >= noted.rank) return tooLow(author);
    if (this.#daysSince(noted) > noted.windowDays) return { code: 'sign/act', message: `${hash} is too long ago` };
    this.#overruled.add(hash);
    if (noted.act.kind === 'recovery') this.#inForce = noted.act.before;
    return noted.act;
  }

  #rankOf(device: DeviceId): number {
    const index = this.#inForce.keys.indexOf(device);
    return index < 0 ? this.#inForce.keys.length : index;
  }

  /** Days opened since by devices that were enrolled before it, its author apart: a thief cannot hurry them. */
  #daysSince({ author, place, days }: Noted): number {
    const counts = (by: DeviceId): boolean => by !== author && (this.#enrolledAt.get(by) ?? -1) < place;
    return this.#dayOpeners.slice(days).filter(counts).length;
  }
}

function tooLow(author: DeviceId): Failure {
  return { code: 'sign/role', message: `device ${author} is of too low a rank` };
}
