// The ops that bring a roster a device or a key (docs/spec/sign.md, "Devices", "Admission" and "Rotation").
import type { DeviceId, OpRecord, Result } from '@tallystick/oplog';
import { admitVerb, parseAdmitArgs } from './admission.ts';
import { type Act, done, noteAct, refuse } from './device-acts.ts';
import { parseRotateArgs } from './key-life.ts';
import { type EnrolArgs, judgeEnrolment, parseBookOpenArgs, parseEnrolArgs } from './device-args.ts';
import { bookIdOf } from './signing.ts';
import { headquarters, type RosterState } from './roster-state.ts';

export function openBook(state: RosterState, record: OpRecord): Result<void> {
  const { op, hash } = record;
  const args = parseBookOpenArgs(op.args);
  if (!args.ok) return args;
  const { key, name } = args.value;
  if (state.book !== undefined) return refuse('sign/book', `${hash} would open book ${state.book} again`);
  if (!isNamedBy(state, op.device, key)) return notItsKey(op.device);
  state.book = bookIdOf(hash);
  return enter(state, record, { device: op.device, key, name, role: 'owner' }, false);
}

/** An enrolment or admission; a provisional one lets the device in as one that is revoked. */
export function enrol(act: Act, isProvisional: boolean): Result<void> {
  const { state, author, record } = act;
  const { op } = record;
  const isAdmission = op.verb === admitVerb;
  const args = isAdmission ? parseAdmitArgs(op.args) : parseEnrolArgs(op.args);
  if (!args.ok) return args;
  const { device, key } = args.value;
  const refusal = judgeEnrolment(author.role, args.value);
  if (refusal !== undefined) return { ok: false, ...refusal };
  if (!isAdmission && !isNamedBy(state, device, key)) return notItsKey(device);
  if (op.scope === headquarters) {
    if (isAdmission) return refuse('sign/scope', 'a device is enrolled in hq, never admitted');
    if (state.barred.has(device)) return refuse('sign/revoked', `device ${device} is revoked`);
  }
  const entered = enter(state, record, args.value, isProvisional);
  return entered.ok ? noteAct(act, { kind: 'enroll', device }) : entered;
}

/**
 * The key is learnt at any place of any chain, even off its branch: what builds on it is signed by that key. `position` is that of the op; where it is not known
 * no mark takes notice of the rotation.
 */
export function rotate(act: Act, hasEffect: boolean, position: number): Result<void> {
  const { state, author, record } = act;
  const args = parseRotateArgs(record.op.args);
  if (!args.ok) return args;
  const keyId = state.keys.learn(record.op.device, args.value.key);
  if (!hasEffect || author.scope !== record.op.scope) return done;
  author.keyId = keyId;
  if (author.scope === headquarters) state.marked.rotated({ position, device: author.id, keyId });
  return noteAct(act, { kind: 'rotate', device: author.id });
}

function enter(
  state: RosterState,
  { op: { scope }, hash }: OpRecord,
  { device, key, name, role, untilDay = '' }: Omit<EnrolArgs, 'replaces'>,
  isProvisional: boolean,
): Result<void> {
  const before = state.writerIn(scope, device);
  // Also where it has no effect: replicas that read an older mark may link a chain to it.
  before?.enrolments.add(hash);
  const keyId = state.keys.learnFirst(device, hash, key);
  if (before !== undefined && (isProvisional || !before.isProvisional))
    return refuse('sign/enrolled', `device ${device} is enrolled by ${before.enrolment}`);
  const enrolments = before?.enrolments ?? new Set([hash]);
  const standing = { isProvisional, isRevoked: isProvisional };
  state.add({ id: device, key, keyId, name, role, scope, enrolment: hash, untilDay, enrolments, ...standing });
  return done;
}

function isNamedBy({ keys }: RosterState, device: DeviceId, key: string): boolean {
  return String(keys.idOf(key)) === device;
}

function notItsKey(device: DeviceId): Result<void> {
  return refuse('sign/device', `device ${device} is not the hash of its key`);
}
