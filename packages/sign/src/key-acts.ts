// What was done about the devices and keys of `hq`, and who may take it back for how long (docs/spec/sign.md, "Recovery keys").
import type { DeviceId, Failure, OpHash } from '@tallystick/oplog';
import type { RecoverySetArgs } from './device-args.ts';
import type { Role } from './roles.ts';

/** Something done that a recovery key may overrule, with what takes it back. */
export type KeyAct =
  | { readonly kind: 'enroll' | 'rotate' | 'revoke'; readonly device: DeviceId }
  | { readonly kind: 'policy'; readonly role: Role; readonly before: readonly Role[] | undefined }
  | { readonly kind: 'recovery'; readonly before: RecoverySetArgs };

interface Noted {
  readonly act: KeyAct;
  readonly rank: number;
  /** Days that recovery keys opened before it. */
  readonly days: number;
  readonly windowDays: number;
}

const nobody: RecoverySetArgs = { keys: [], windowDays: 0 };

export class KeyActs {
  #inForce: RecoverySetArgs = nobody;
  readonly #noted = new Map<OpHash, Noted>();
  readonly #overruled = new Set<OpHash>();
  /** The rank of each recovery key that opened a day, in order. */
  readonly #dayRanks: number[] = [];

  /** Takes note of an act that had its effect, once there is somebody who may overrule it. */
  note(hash: OpHash, author: DeviceId, act: KeyAct): void {
    const { keys, windowDays } = this.#inForce;
    if (keys.length === 0) return;
    this.#noted.set(hash, { act, rank: this.rankOf(author), days: this.#dayRanks.length, windowDays });
  }

  noteDay(author: DeviceId): void {
    if (this.#inForce.keys.includes(author)) this.#dayRanks.push(this.rankOf(author));
  }

  /** Whether this act is a revocation of that device: what it may overrule although it is revoked. */
  revokes(hash: unknown, device: DeviceId): boolean {
    const act = this.#noted.get(hash as OpHash)?.act;
    return act?.kind === 'revoke' && act.device === device;
  }

  /** Whether the author may revoke a device that is revoked already: it ranks above everybody whose revocation stands. */
  mayRevokeAgain(author: DeviceId, device: DeviceId): boolean {
    const standing = [...this.#noted].filter(([hash]) => this.revokes(hash, device) && !this.#overruled.has(hash));
    return standing.length > 0 && standing.every(([, noted]) => this.#ranksAbove(author, noted));
  }

  /** Whether the device stays revoked by what stands: a revocation, or an enrolment or rotation that was taken back. */
  keepsOut(device: DeviceId): boolean {
    return [...this.#noted].some(
      ([hash, { act }]) =>
        'device' in act && act.device === device && (act.kind === 'revoke') !== this.#overruled.has(hash),
    );
  }

  /** Another list. Refusal: `sign/role`. */
  set(hash: OpHash, author: DeviceId, list: RecoverySetArgs): Failure | undefined {
    if (!this.#mayPut(author, list)) return tooLow(author);
    this.note(hash, author, { kind: 'recovery', before: this.#inForce });
    this.#inForce = list;
    return undefined;
  }

  /** What is to be taken back. Refusals: `sign/act` (no such act, taken back already, or too late), `sign/role`. */
  overrule(hash: OpHash, author: DeviceId): KeyAct | Failure {
    const noted = this.#noted.get(hash);
    if (noted === undefined) return { code: 'sign/act', message: `${hash} is nothing that can be overruled` };
    if (this.#overruled.has(hash)) return { code: 'sign/act', message: `${hash} is overruled already` };
    const { act, windowDays } = noted;
    if (!this.#ranksAbove(author, noted) || this.#takesAwayHigher(author, act)) return tooLow(author);
    if (act.kind === 'recovery' && !this.#mayPut(author, act.before)) return tooLow(author);
    if (this.#daysSince(noted, author) > windowDays) return { code: 'sign/act', message: `${hash} is too long ago` };
    this.#overruled.add(hash);
    if (act.kind === 'recovery') this.#inForce = act.before;
    return act;
  }

  /** Keys above the author stay where they are, and only the highest says how long; so when a list of before returns. */
  #mayPut(author: DeviceId, list: RecoverySetArgs): boolean {
    const { keys, windowDays } = this.#inForce;
    const rank = this.rankOf(author);
    const keepsHigher = keys.slice(0, rank).every((device, index) => list.keys[index] === device);
    return keepsHigher && (rank === 0 || list.windowDays === windowDays);
  }

  /** Only who is on the list: others would rise where it is shortened. */
  #ranksAbove(device: DeviceId, { rank }: Noted): boolean {
    return this.#inForce.keys.includes(device) && this.rankOf(device) < rank;
  }

  /** The place of a device among the recovery keys in force, from 0; of others, their number. */
  rankOf(device: DeviceId): number {
    const index = this.#inForce.keys.indexOf(device);
    return index < 0 ? this.#inForce.keys.length : index;
  }

  /** An enrolment or a rotation that is taken back shuts its device out, and nobody takes that back. */
  #takesAwayHigher(author: DeviceId, act: KeyAct): boolean {
    const isEntry = act.kind === 'enroll' || act.kind === 'rotate';
    return isEntry && this.rankOf(act.device) <= this.rankOf(author);
  }

  /** Days opened since by devices that ranked above it, who might have overruled it; against whom it revokes, only by those above that. */
  #daysSince({ act, rank, days }: Noted, author: DeviceId): number {
    const below = act.kind === 'revoke' && act.device === author ? this.rankOf(author) : rank;
    return this.#dayRanks.slice(days).filter((by) => by < below).length;
  }
}

function tooLow(author: DeviceId): Failure {
  return { code: 'sign/role', message: `device ${author} is of too low a rank` };
}
