// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md, "Devices" to "Recovery keys", read once more: who is let in where, and how each of them stands.
import { outcome, refuse } from './bytes.mjs';
import { hashOp, parseOp } from './op.mjs';
import { Appointments } from './sign-appointment.mjs';
import { checkArgs, idOf, isRosterVerb, mayEnrol, revokesUnlessSaid } from './sign-args.mjs';
import { Days } from './sign-days.mjs';
import { Acts } from './sign-recovery.mjs';

export class Roster {
  /** In order of entry; each { id, key, name, role, scope, enrolment, untilDay, keyId, isRevoked, isProvisional }. */
  devices = [];
  /** Revoked by `hq`, which does not know them, in every scope. */
  #barred = new Set();
  #acts = new Acts();
  #days = new Days();
  #policies = {};
  #applied = new Set();
  relays = new Appointments();

  #find(id, scope) {
    return this.devices.find((one) => one.id === id && one.scope === scope);
  }
  #writer(id, scope) {
    return this.#find(id, scope) ?? this.#find(id, 'hq');
  }
  #isGone({ id, scope, isRevoked }) {
    return isRevoked || (scope !== 'hq' && this.#barred.has(id));
  }
  #isOver({ untilDay }, scope) {
    return untilDay !== undefined && this.#days.isOver(untilDay, scope);
  }
  standingOf(one) {
    return this.#isGone(one) ? 'revoked' : this.#isOver(one, one.scope) ? 'expired' : 'active';
  }
  apply(text, keyId) {
    const op = { ...parseOp(text), hash: hashOp(text), keyId };
    if (!isRosterVerb(op.verb) || this.#applied.has(op.hash)) return;
    if (op.verb === 'book.open@1') this.#open(op);
    else this.#applyBy(op);
    this.#applied.add(op.hash);
  }
  #open(op) {
    checkArgs(op.verb, op.args);
    if (this.devices.length > 0) refuse('sign/book');
    if (idOf(op.args.key) !== op.device) refuse('sign/device');
    this.#enter(op, { device: op.device, key: op.args.key, name: op.args.name, role: 'owner' }, false);
  }
  #applyBy(op) {
    const { args, device: author, scope, verb } = op;
    const isEntry = verb === 'device.enroll@1' || verb === 'device.admit@1';
    if (isEntry && this.devices.length === 0) refuse('sign/book');
    const by = this.#writer(author, scope) ?? refuse('sign/unknown-device');
    const isElsewhere = by.scope === 'hq' && scope !== 'hq';
    const isSuperseded = isElsewhere && (op.keyId ?? author) !== by.keyId;
    const takesOwnBack = verb === 'key.overrule@1' && this.#acts.isOwnRevocation(args.act, author);
    const isOut = isSuperseded || this.#isOver(by, scope) || (this.#isGone(by) && !takesOwnBack);
    const isRooted = op.seq > 1 || op.prev === by.enrolment;
    if (verb === 'device.rotate@1') {
      checkArgs(verb, args);
      if (isRooted && !isOut && by.scope === scope) this.#rotate(op, by);
      return;
    }
    if (!isRooted) refuse('sign/unknown-device');
    if (isOut && !(isEntry && isElsewhere)) refuse('sign/revoked');
    checkArgs(verb, args);
    if (isEntry) this.#letIn(op, by, isOut);
    else this.verbs[verb].call(this, op, by);
  }
  #rotate({ args, hash, scope }, by) {
    by.keyId = idOf(args.key);
    if (scope === 'hq') this.#acts.note(hash, by.id, 'rotate', by.id);
  }
  #letIn(op, by, isOut) {
    const { args, hash, scope, verb } = op;
    const isAdmission = verb === 'device.admit@1';
    if (!mayEnrol(by.role, args.role)) refuse('sign/role');
    if (!isAdmission && idOf(args.key) !== args.device) refuse('sign/device');
    if (scope === 'hq' && isAdmission) refuse('sign/scope');
    if (scope === 'hq' && this.#barred.has(args.device)) refuse('sign/revoked');
    this.#enter(op, args, isOut);
    if (scope === 'hq') this.#acts.note(hash, by.id, 'enroll', args.device);
  }
  /** As one that is revoked where its author is, and until somebody active lets it in. */
  #enter({ hash, scope }, { device, key, name, role, untilDay }, isProvisional) {
    const before = this.#writer(device, scope);
    if (before !== undefined && (isProvisional || !before.isProvisional)) refuse('sign/enrolled');
    if (before !== undefined) this.devices.splice(this.devices.indexOf(before), 1);
    const one = { id: device, key, name, role, scope, enrolment: hash, untilDay, keyId: idOf(key) };
    this.devices.push({ ...one, isRevoked: isProvisional, isProvisional });
  }
  verbs = {
    'day.open@1'({ args, scope }, by) {
      this.#days.open(args.day, scope, by.role);
      if (scope === 'hq') this.#acts.noteDay(by.id);
    },
    'relay.appoint@1': (op, by) => this.relays.appoint(op, by.role, this.#acts.rankOf(by.id)),
    'policy.day@1': ({ args, scope }, by) => this.#days.limit(args, scope, by.role),
    'policy.revoke@1'({ args, hash, scope }, by) {
      if (by.role !== 'owner') refuse('sign/role');
      const name = `${scope} ${args.role}`;
      if (scope === 'hq') this.#acts.note(hash, by.id, 'policy', name, this.#policies[name]);
      this.#policies[name] = args.revokes;
    },
    'device.revoke@1'({ args, hash, scope }, by) {
      const one = this.#find(args.device, scope);
      if (one === undefined && scope !== 'hq') refuse('sign/unknown-device');
      if (one === undefined && by.role !== 'owner') refuse('sign/role');
      const isGone = one?.isRevoked ?? this.#barred.has(args.device);
      const mayAgain = scope === 'hq' && this.#acts.mayRevokeAgain(by.id, args.device);
      if (isGone && !mayAgain) refuse('sign/revoked');
      if (one !== undefined && !this.#mayRevoke(by, one, scope)) refuse('sign/role');
      if (one === undefined) this.#barred.add(args.device);
      else one.isRevoked = true;
      if (scope === 'hq') this.#acts.note(hash, by.id, 'revoke', args.device);
    },
    'recovery.set@1'({ args, hash, scope }, by) {
      if (scope !== 'hq') refuse('sign/scope');
      if (by.role !== 'owner') refuse('sign/role');
      for (const one of args.keys.map((id) => this.#find(id, 'hq') ?? refuse('sign/unknown-device')))
        if (one.role !== 'owner' || one.isRevoked) refuse('sign/role');
      this.#acts.setList(hash, by.id, args);
    },
    'key.overrule@1'({ args, scope }, by) {
      if (scope !== 'hq') refuse('sign/scope');
      if (by.role !== 'owner') refuse('sign/role');
      const { kind, subject, before } = this.#acts.overrule(args.act, by.id);
      if (kind === 'policy') this.#policies[subject] = before;
      const [one, isOut] = [this.#find(subject, 'hq'), this.#acts.keepsOut(subject)];
      if (one !== undefined) one.isRevoked = isOut;
      else if (!isOut) this.#barred.delete(subject);
    },
  };
  #mayRevoke(by, one, scope) {
    const revokes =
      this.#policies[`${scope} ${by.role}`] ?? this.#policies[`hq ${by.role}`] ?? revokesUnlessSaid(by.role);
    const isActiveOwner = ({ role, scope, isRevoked }) => role === 'owner' && scope === 'hq' && !isRevoked;
    const [owner, nextOwner] = this.devices.filter(isActiveOwner);
    return (by.id === one.id || revokes.includes(one.role)) && (one !== owner || nextOwner !== undefined);
  }
}

/** The texts of ops in order: what each is answered, who may write where, and how each of them stands at the end. */
function foldRoster({ ops, keyIds = [] }) {
  const roster = new Roster();
  const answers = ops.map((text, i) => outcome(() => roster.apply(text, keyIds[i])).code ?? 'ok');
  const shown = ({ id, key, name, role, scope, enrolment }) => ({ id, key, name, role, scope, enrolment });
  return { answers, devices: roster.devices.map(shown), standing: roster.devices.map((one) => roster.standingOf(one)) };
}
export const judges = { 'sign/roster': foldRoster };
