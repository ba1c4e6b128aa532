// What a roster remembers: who is enrolled where, and how each stands. Judged in roster.ts and device-acts.ts.
import { type BookId, type DeviceId, type KeyId, type OpHash, parseScope, type Scope } from '@tallystick/oplog';
import type { Appointment } from './appointment.ts';
import type { DeviceKeys } from './device-keys.ts';
import { KeyActs } from './key-acts.ts';
import { defaultAheadDays } from './days.ts';
import { MarkedKeys } from './marked-keys.ts';
import type { Role } from './roles.ts';

export interface Device {
  readonly id: DeviceId;
  /** Public key as enrolled, hex. */
  readonly key: string;
  readonly role: Role;
  readonly name: string;
  /** The scope whose log enrolled or admitted it. */
  readonly scope: Scope;
  /** The op that did so, which the first op of its chain there links to; in every scope where it is of `hq`. */
  readonly enrolment: OpHash;
}

/** Whether ops of a device have effect from here on. `expired`: its last day is over. */
export type Standing = 'active' | 'revoked' | 'expired';

export interface Member extends Device {
  /** Its last day, or ''. */
  readonly untilDay: string;
  /** Every op that enrols it here: the one that counts, and others by people who might. */
  readonly enrolments: Set<OpHash>;
  isRevoked: boolean;
  /** Let in by a device that `hq` revoked: replicas whose mark is older may count it. One that is active takes its place. */
  readonly isProvisional: boolean;
  /** The newest key of its chain there, where it is in force. */
  keyId: KeyId;
}

export const headquarters: Scope = parseScope('hq') as Scope;

export class RosterState {
  book: BookId | undefined;
  readonly keys: DeviceKeys;
  readonly #members = new Set<Member>();
  readonly #membersByScope = new Map<Scope, Map<DeviceId, Member>>();
  readonly #scopesByDevice = new Map<DeviceId, Set<Scope>>();
  /** Devices that `hq` does not know and has revoked everywhere; it enrols none of them. */
  readonly barred: Set<DeviceId> = new Set();
  readonly days: Map<Scope, string> = new Map();
  /** The last day in each scope that somebody opened whom nothing limits. */
  readonly vouched: Map<Scope, string> = new Map();
  readonly dayPolicies: Map<Role, number> = new Map();
  readonly #policies = new Map<string, readonly Role[]>();
  readonly acts: KeyActs = new KeyActs();
  readonly marked: MarkedKeys = new MarkedKeys();
  /** Those that had effect, in order: the last is in force. */
  readonly appointments: Appointment[] = [];

  constructor(keys: DeviceKeys) {
    this.keys = keys;
  }

  /** In the order of enrolment. */
  get members(): readonly Member[] {
    return [...this.#members];
  }

  add(member: Member): void {
    const before = this.memberOf(member.scope, member.id);
    if (before !== undefined) this.#members.delete(before);
    this.#members.add(member);
    const ofScope = this.#membersByScope.get(member.scope) ?? new Map<DeviceId, Member>();
    this.#membersByScope.set(member.scope, ofScope.set(member.id, member));
    this.#scopesByDevice.set(member.id, (this.#scopesByDevice.get(member.id) ?? new Set()).add(member.scope));
  }

  /** As enrolled or admitted, one for each scope. */
  membersOf(device: DeviceId): readonly Member[] {
    return [...(this.#scopesByDevice.get(device) ?? [])].flatMap((scope) => this.memberOf(scope, device) ?? []);
  }

  memberOf(scope: Scope, device: DeviceId): Member | undefined {
    return this.#membersByScope.get(scope)?.get(device);
  }

  /** As what the device may write in a scope: as enrolled there, else in `hq`. */
  writerIn(scope: Scope, device: DeviceId): Member | undefined {
    return this.memberOf(scope, device) ?? this.memberOf(headquarters, device);
  }

  standingOf(scope: Scope, device: DeviceId): Standing | undefined {
    const member = this.writerIn(scope, device);
    if (member === undefined) return undefined;
    if (this.isRevoked(member)) return 'revoked';
    return this.isExpired(member, scope) ? 'expired' : 'active';
  }

  isRevoked({ id, isRevoked }: Member): boolean {
    return isRevoked || this.barred.has(id);
  }

  isExpired({ untilDay }: Member, scope: Scope): boolean {
    return untilDay !== '' && this.dayOf(scope) > untilDay;
  }

  /** The day that is open in the scope, or the one of `hq` if that is later; '' before the first. */
  dayOf(scope: Scope): string {
    const [here = '', above = ''] = [this.days.get(scope), this.days.get(headquarters)];
    return here > above ? here : above;
  }

  /** From where limits count: the later one of the scope and of `hq`. */
  vouchedDay(scope: Scope): string {
    const [here = '', above = ''] = [this.vouched.get(scope), this.vouched.get(headquarters)];
    return here > above ? here : above;
  }

  /** How many days beyond that the role may open; undefined without a limit. */
  aheadDaysOf(role: Role): number | undefined {
    return this.dayPolicies.get(role) ?? defaultAheadDays(role);
  }

  /** What the scope says, else `hq`, about whom a role may revoke. */
  policyIn(scope: Scope, role: Role): readonly Role[] | undefined {
    return this.statedPolicy(scope, role) ?? this.statedPolicy(headquarters, role);
  }

  statedPolicy(scope: Scope, role: Role): readonly Role[] | undefined {
    return this.#policies.get(`${scope} ${role}`);
  }

  setPolicy(scope: Scope, role: Role, revokes: readonly Role[]): void {
    this.#policies.set(`${scope} ${role}`, revokes);
  }
}
