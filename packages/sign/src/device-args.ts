// The args of the verbs about devices (docs/spec/sign.md, "Devices", "Revocation", "Recovery keys"), and who may enrol whom.
import {
  type DeviceId,
  decodeHex,
  type Failure,
  type Json,
  type JsonObject,
  type OpHash,
  parseDeviceId,
  parseOpHash,
  parseVerbRef,
  type Result,
  type VerbRef,
} from '@tallystick/oplog';
import { acceptPublicKey } from './acceptance.ts';
import { keyPattern } from './chain-key.ts';
import { isDay } from './days.ts';
import { parseRole, type Role } from './roles.ts';

/** Args of `book.open@1`: the root key in hex, the book's name, and the verb versions adopted from the start. */
export interface BookOpenArgs {
  readonly key: string;
  readonly name: string;
  readonly verbs: readonly VerbRef[];
  /** The shapes of the tables adopted with them, by table name; what a shape says is the fold's business. */
  readonly tables?: Readonly<Record<string, string>>;
  /** The release of the program that wrote it. */
  readonly release?: string;
}

/** Args of `device.enroll@1`. `key` is the device's first public key in hex; `device` is its SHA-256. */
export interface EnrolArgs {
  readonly device: DeviceId;
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  /** A device that this one takes the place of. */
  readonly replaces?: DeviceId;
  /** The last business day, `YYYY-MM-DD`, on which its ops have effect. */
  readonly untilDay?: string;
}

/** Why a device is revoked. */
export const revokeReasons = ['lost', 'stolen', 'retired', 'cloned', 'left', 'other'] as const;
export type RevokeReason = (typeof revokeReasons)[number];

/** Args of `device.revoke@1`. */
export interface RevokeArgs {
  readonly device: DeviceId;
  readonly reason: RevokeReason;
}

/** Args of `policy.revoke@1`: devices of `role` may from here on revoke those of the roles in `revokes`. */
export interface RevokePolicyArgs {
  readonly role: Role;
  readonly revokes: readonly Role[];
}

/** Args of `recovery.set@1`: owner devices kept offline, highest priority first, and for how many business days they may overrule. */
export interface RecoverySetArgs {
  readonly keys: readonly DeviceId[];
  readonly windowDays: number;
}

const maxNameLength = 200;
const maxVerbs = 1000;
const maxTables = 1000;

/** Refusals: `sign/args`, `sign/key` when the key is not one that may be enrolled. */
export function parseBookOpenArgs(value: Json): Result<BookOpenArgs> {
  const args = parseMembers(value, ['key', 'name', 'verbs'], ['release', 'tables']);
  if (args === undefined || !isName(args.name)) return badArgs('book.open@1');
  const { key, name, verbs, release, tables } = args;
  if (!Array.isArray(verbs) || verbs.length > maxVerbs) return badArgs('book.open@1');
  const parsed = verbs.map(parseVerbRef).filter((verb) => verb !== undefined);
  if (parsed.length !== verbs.length || new Set(parsed).size !== parsed.length) return badArgs('book.open@1');
  if (release !== undefined && !isName(release)) return badArgs('book.open@1');
  if (tables !== undefined && !isTextByName(tables)) return badArgs('book.open@1');
  if (!isAcceptedKey(key)) return badKey(key);
  const optional = { ...(release === undefined ? {} : { release }), ...(tables === undefined ? {} : { tables }) };
  return { ok: true, value: { key, name, verbs: parsed, ...optional } };
}

/** Refusals: `sign/args`, `sign/key` when the key is not one that may be enrolled. `verb` is for the message. */
export function parseEnrolArgs(value: Json, verb = 'device.enroll@1'): Result<EnrolArgs> {
  const args = parseMembers(value, ['device', 'key', 'name', 'role'], ['replaces', 'untilDay']);
  const device = parseDeviceId(args?.device);
  const role = parseRole(args?.role);
  const replaces = parseDeviceId(args?.replaces);
  if (args === undefined || device === undefined || role === undefined || !isName(args.name)) {
    return badArgs(verb);
  }
  if (replaces === undefined ? args.replaces !== undefined : replaces === device) return badArgs(verb);
  const { key, name, untilDay } = args;
  if (untilDay !== undefined && !isDay(untilDay)) return badArgs(verb);
  if (!isAcceptedKey(key)) return badKey(key);
  const optional = { ...(replaces === undefined ? {} : { replaces }), ...(untilDay === undefined ? {} : { untilDay }) };
  return { ok: true, value: { device, key, name, role, ...optional } };
}

/** Owners enrol anyone, managers anyone but owners, others nobody. Undefined when it is allowed; refusal `sign/role`. */
export function judgeEnrolment(author: Role | undefined, { role }: Pick<EnrolArgs, 'role'>): Failure | undefined {
  if (author === 'owner' || (author === 'manager' && role !== 'owner')) return undefined;
  return { code: 'sign/role', message: `a device with role ${author ?? 'none'} may not enrol one with role ${role}` };
}

/** An object with these members, those that may be there, and no other. */
export function parseMembers(
  value: Json,
  names: readonly string[],
  optional: readonly string[] = [],
): JsonObject | undefined {
  if (!isObject(value)) return undefined;
  const members = Object.keys(value).filter((name) => !optional.includes(name));
  const fits = members.length === names.length && names.every((name) => members.includes(name));
  return fits ? value : undefined;
}

/** Refusal: `sign/args`. */
export function parseRevokeArgs(value: Json): Result<RevokeArgs> {
  const args = parseMembers(value, ['device', 'reason']);
  const device = parseDeviceId(args?.device);
  const reason = revokeReasons.find((one) => one === args?.reason);
  const fits = device !== undefined && reason !== undefined;
  return fits ? { ok: true, value: { device, reason } } : badArgs('device.revoke@1');
}

/** Refusal: `sign/args`; each role at most once. */
export function parseRevokePolicyArgs(value: Json): Result<RevokePolicyArgs> {
  const args = parseMembers(value, ['revokes', 'role']);
  const role = parseRole(args?.role);
  const named = args?.revokes;
  const revokes = Array.isArray(named) ? named.map(parseRole).filter((one) => one !== undefined) : [];
  const fits = role !== undefined && Array.isArray(named) && new Set(revokes).size === named.length;
  return fits ? { ok: true, value: { role, revokes } } : badArgs('policy.revoke@1');
}

/** Refusal: `sign/args`; 1 to 16 devices, each once, and 1 to 3,650 days. */
export function parseRecoverySetArgs(value: Json): Result<RecoverySetArgs> {
  const args = parseMembers(value, ['keys', 'windowDays']);
  const { keys: named, windowDays } = args ?? {};
  const keys = Array.isArray(named) ? named.map(parseDeviceId).filter((one) => one !== undefined) : [];
  const isWhole =
    Array.isArray(named) && named.length >= 1 && named.length <= 16 && new Set(keys).size === named.length;
  const fits = isWhole && typeof windowDays === 'number' && windowDays >= 1 && windowDays <= 3650;
  return fits ? { ok: true, value: { keys, windowDays } } : badArgs('recovery.set@1');
}

/** Args of `key.overrule@1`: the hash of what is taken back. Refusal: `sign/args`. */
export function parseOverruleArgs(value: Json): Result<{ readonly act: OpHash }> {
  const act = parseOpHash(parseMembers(value, ['act'])?.act);
  return act === undefined ? badArgs('key.overrule@1') : { ok: true, value: { act } };
}

/** Args of `day.open@1`. Refusal: `sign/args`. */
export function parseDayArgs(value: Json): Result<{ readonly day: string }> {
  const day = parseMembers(value, ['day'])?.day;
  return isDay(day) ? { ok: true, value: { day } } : badArgs('day.open@1');
}

/** Args of `policy.day@1`: how far devices of the role open days beyond the last one that nobody limits. */
export interface DayPolicyArgs {
  readonly role: Role;
  readonly aheadDays: number;
}

/** Refusal: `sign/args`; of managers and tills, 0 to 3,650 days. */
export function parseDayPolicyArgs(value: Json): Result<DayPolicyArgs> {
  const args = parseMembers(value, ['aheadDays', 'role']);
  const { role, aheadDays } = args ?? {};
  const fits =
    (role === 'manager' || role === 'till') && typeof aheadDays === 'number' && aheadDays >= 0 && aheadDays <= 3650;
  return fits ? { ok: true, value: { role, aheadDays } } : badArgs('policy.day@1');
}

/** Also of what a program passes that is no JSON: null, or nothing. */
export function isObject(value: Json | null | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxNameLength;
}

function isTextByName(value: Json): value is Readonly<Record<string, string>> {
  if (!isObject(value)) return false;
  const texts = Object.values(value);
  return texts.length <= maxTables && texts.every((text) => typeof text === 'string');
}

export function isAcceptedKey(value: Json | undefined): value is string {
  return typeof value === 'string' && keyPattern.test(value) && acceptPublicKey(decodeHex(value));
}

export function badArgs(verb: string): { readonly ok: false } & Failure {
  return { ok: false, code: 'sign/args', message: `not the args of ${verb}` };
}

export function badKey(key: Json | undefined): { readonly ok: false } & Failure {
  const got = typeof key === 'string' ? key.slice(0, 80) : typeof key;
  return { ok: false, code: 'sign/key', message: `not a public key that may be enrolled: ${got}` };
}
