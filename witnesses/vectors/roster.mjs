// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md, "Devices" and on, read once more: who is enrolled where, who was revoked by whom, and who takes that back.
import { bytes, hashOp, hex, isHash, outcome, parseOp, refuse, rules, sha256, within } from './op.mjs';
import { isAcceptedKey, isValid } from './sign.mjs';

const roles = ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'customer', 'auditor'];
const reasons = ['lost', 'stolen', 'retired', 'cloned', 'left', 'other'];
const mayEnrol = (author, role) => author === 'owner' || (author === 'manager' && role !== 'owner');
const isDay = (text) =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
const isProof = (text) => typeof text === 'string' && /^[0-9a-f]{128}$/.test(text);
const isKey = (text) => isHash(text) && isAcceptedKey(bytes(text));
const idOf = (key) => hex(sha256(bytes(key)));
const eachOnce = (list, fits, min, max) =>
  Array.isArray(list) && within(list.length, min, max) && list.every(fits) && new Set(list).size === list.length;
function exactly(args, names, fits, optional = []) {
  const members = Object.keys(args).filter((name) => !optional.includes(name));
  if (members.sort().join() !== names || !fits) refuse('sign/args');
}
export function judgeRotateArgs(args) {
  exactly(args, 'key,proof', isProof(args.proof));
  if (!isKey(args.key)) refuse('sign/key');
}
function judgeEntry(args, isAdmission) {
  const { device, enrolment, first, key, name, proof, replaces, role, untilDay } = args;
  const optional = ['replaces', 'untilDay', ...(isAdmission ? ['first', 'proof'] : [])];
  const names = isAdmission ? 'device,enrolment,key,name,role' : 'device,key,name,role';
  const fits = isHash(device) && roles.includes(role) && typeof name === 'string' && within(name.length, 1, 200);
  exactly(args, names, fits && (!isAdmission || isHash(enrolment)), optional);
  if (replaces !== undefined && (!isHash(replaces) || replaces === device)) refuse('sign/args');
  if (untilDay !== undefined && !isDay(untilDay)) refuse('sign/args');
  if (!isKey(key)) refuse('sign/key');
  if (!isAdmission) return;
  const isFirst = idOf(key) === device;
  const isVouched = first !== undefined || proof !== undefined;
  if (isFirst ? isVouched : isVouched && (first === undefined || !isProof(proof))) refuse('sign/args');
  if (isFirst) return;
  if (isVouched && !isKey(first)) refuse('sign/key');
  if (!isVouched || idOf(first) !== device) refuse('sign/device');
  const message = Buffer.concat([Buffer.from('tallystick/admit/1\n'), bytes(enrolment), bytes(key)]);
  if (!isValid(bytes(first), message, bytes(proof))) refuse('sign/proof');
}

/** The texts of ops in order: what each is answered, who may write where, and how each of them stands at the end. */
function foldRoster({ ops }) {
  const devices = [];
  const [revoked, provisional, barred, seen, overruled] = Array.from({ length: 5 }, () => new Set());
  const [days, policies, acts, opened] = [{}, {}, [], []];
  let list = { keys: [], windowDays: 0 };
  const find = (id, scope) => devices.find((one) => one.id === id && one.scope === scope);
  const writer = (id, scope) => find(id, scope) ?? find(id, 'hq');
  const dayOf = (scope) => [days[scope] ?? '', days.hq ?? ''].sort()[1];
  const isGone = (one) => revoked.has(one) || (one.scope !== 'hq' && barred.has(one.id));
  const isOver = (one, scope) => one.untilDay !== undefined && dayOf(scope) > one.untilDay;
  const rankOf = (id) => (list.keys.includes(id) ? list.keys.indexOf(id) : list.keys.length);
  const note = ({ hash, author, scope }, kind, subject, undo, before) => {
    if (scope !== 'hq' || list.keys.length === 0) return;
    const [rank, { windowDays }] = [rankOf(author), list];
    acts.push({ hash, kind, subject, undo, before, rank, windowDays, days: opened.length });
  };
  const isAbove = (id, act) => list.keys.includes(id) && rankOf(id) < act.rank;
  const mayPut = (id, next) =>
    list.keys.slice(0, rankOf(id)).every((key, i) => next.keys[i] === key) &&
    (rankOf(id) === 0 || next.windowDays === list.windowDays);
  const keepsOut = (id) =>
    acts.some((act) => act.subject === id && (act.kind === 'revoke') !== overruled.has(act.hash));
  const mayRevokeAgain = ({ author, scope }, id) => {
    const isStanding = ({ hash, kind, subject }) => kind === 'revoke' && subject === id && !overruled.has(hash);
    const standing = acts.filter(isStanding);
    return scope === 'hq' && standing.length > 0 && standing.every((act) => isAbove(author, act));
  };
  const enter = (op, args, isRevoked) => {
    const { device = op.author, key, name, role = 'owner', untilDay } = args;
    const before = writer(device, op.scope);
    if (before !== undefined && (isRevoked || !provisional.has(before))) refuse('sign/enrolled');
    if (before !== undefined) devices.splice(devices.indexOf(before), 1);
    const one = { id: device, key, name, role, scope: op.scope, enrolment: op.hash, untilDay };
    devices.push(one);
    if (isRevoked) for (const list of [revoked, provisional]) list.add(one);
    return one;
  };
  const judges = {
    'device.rotate@1': (op, args, by) => {
      judgeRotateArgs(args);
      if (by.scope === op.scope) note(op, 'rotate', by.id, () => revoked.add(by));
    },
    'day.open@1': (op, args, by) => {
      exactly(args, 'day', isDay(args.day));
      const before = days[op.scope] ?? '';
      const mayOpen = ['owner', 'manager', 'till'].includes(by.role) && args.day !== before;
      if (!mayOpen || (args.day < before && by.role !== 'owner')) refuse('sign/role');
      days[op.scope] = args.day;
      if (op.scope === 'hq' && list.keys.includes(by.id)) opened.push(rankOf(by.id));
    },
    'policy.revoke@1': (op, args, by) => {
      exactly(args, 'revokes,role', roles.includes(args.role));
      exactly(
        args,
        'revokes,role',
        eachOnce(args.revokes, (role) => roles.includes(role), 0, 9),
      );
      if (by.role !== 'owner') refuse('sign/role');
      const name = `${op.scope} ${args.role}`;
      const before = policies[name];
      policies[name] = args.revokes;
      note(op, 'policy', args.role, () => (policies[name] = before));
    },
    'device.revoke@1': (op, args, by) => {
      exactly(args, 'device,reason', isHash(args.device) && reasons.includes(args.reason));
      const one = find(args.device, op.scope);
      if (one === undefined && op.scope !== 'hq') refuse('sign/unknown-device');
      if (one === undefined) {
        if (by.role !== 'owner') refuse('sign/role');
        if (barred.has(args.device) && !mayRevokeAgain(op, args.device)) refuse('sign/revoked');
        barred.add(args.device);
        note(op, 'revoke', args.device, () => keepsOut(args.device) || barred.delete(args.device));
        return;
      }
      if (revoked.has(one) && !mayRevokeAgain(op, one.id)) refuse('sign/revoked');
      const byRole = { owner: roles, manager: roles.filter((role) => !['owner', 'manager'].includes(role)) };
      const may = policies[`${op.scope} ${by.role}`] ?? policies[`hq ${by.role}`] ?? byRole[by.role] ?? [];
      const owners = devices.filter((other) => other.role === 'owner' && other.scope === 'hq' && !revoked.has(other));
      if ((by.id !== one.id && !may.includes(one.role)) || (owners.length === 1 && owners[0] === one))
        refuse('sign/role');
      revoked.add(one);
      note(op, 'revoke', one.id, () => keepsOut(one.id) || revoked.delete(one));
    },
    'recovery.set@1': (op, args, by) => {
      const { keys, windowDays } = args;
      exactly(args, 'keys,windowDays', eachOnce(keys, isHash, 1, 16) && within(windowDays, 1, 3650));
      if (op.scope !== 'hq') refuse('sign/scope');
      if (by.role !== 'owner') refuse('sign/role');
      for (const one of keys.map((key) => find(key, 'hq') ?? refuse('sign/unknown-device')))
        if (one.role !== 'owner' || revoked.has(one)) refuse('sign/role');
      const before = list;
      if (!mayPut(op.author, { keys, windowDays })) refuse('sign/role');
      note(op, 'recovery', '', () => (list = before), before);
      list = { keys, windowDays };
    },
    'key.overrule@1': (op, args, by) => {
      exactly(args, 'act', isHash(args.act));
      if (op.scope !== 'hq') refuse('sign/scope');
      if (by.role !== 'owner') refuse('sign/role');
      const act = acts.find(({ hash }) => hash === args.act);
      if (act === undefined || overruled.has(args.act)) refuse('sign/act');
      if (!isAbove(op.author, act) || (act.before !== undefined && !mayPut(op.author, act.before))) refuse('sign/role');
      if (opened.slice(act.days).filter((rank) => rank < act.rank).length > act.windowDays) refuse('sign/act');
      overruled.add(args.act);
      act.undo();
    },
  };
  const open = (op, args) => {
    const { name, release = 'none', tables = {}, verbs } = args;
    const texts = [name, release].every((text) => typeof text === 'string' && within(text.length, 1, 200));
    const isByName = typeof tables === 'object' && !Array.isArray(tables) && Object.keys(tables).length <= 1000;
    const fits = texts && isByName && Object.values(tables).every((text) => typeof text === 'string');
    exactly(args, 'key,name,verbs', fits && eachOnce(verbs, rules.verb, 0, 1000), ['release', 'tables']);
    if (!isKey(args.key)) refuse('sign/key');
    if (devices.length > 0) refuse('sign/book');
    if (idOf(args.key) !== op.author) refuse('sign/device');
    enter(op, args, false);
  };
  const apply = (text) => {
    const { args, device: author, scope, verb } = parseOp(text);
    const op = { hash: hashOp(text), author, scope };
    const isEntry = verb === 'device.enroll@1' || verb === 'device.admit@1';
    if (seen.has(op.hash) || !(isEntry || verb === 'book.open@1' || Object.hasOwn(judges, verb))) return;
    if (verb === 'book.open@1') open(op, args);
    else {
      if (isEntry && devices.length === 0) refuse('sign/book');
      const by = writer(author, scope) ?? refuse('sign/unknown-device');
      const act = acts.find(({ hash }) => verb === 'key.overrule@1' && hash === args.act);
      const isOwn = act?.kind === 'revoke' && act.subject === author;
      const isOut = isOver(by, scope) || (isGone(by) && !isOwn);
      if (isOut && !(isEntry && by.scope === 'hq' && scope !== 'hq')) refuse('sign/revoked');
      if (isEntry) enterBy(op, args, by, verb === 'device.admit@1', isOut);
      else judges[verb](op, args, by);
    }
    seen.add(op.hash);
  };
  const enterBy = (op, args, by, isAdmission, isOut) => {
    judgeEntry(args, isAdmission);
    if (!mayEnrol(by.role, args.role)) refuse('sign/role');
    if (!isAdmission && idOf(args.key) !== args.device) refuse('sign/device');
    if (op.scope === 'hq' && isAdmission) refuse('sign/scope');
    if (op.scope === 'hq' && barred.has(args.device)) refuse('sign/revoked');
    const one = enter(op, args, isOut);
    note(op, 'enroll', one.id, () => revoked.add(one));
  };
  const answers = ops.map((text) => outcome(() => apply(text)).code ?? 'ok');
  const standing = devices.map((one) => (isGone(one) ? 'revoked' : isOver(one, one.scope) ? 'expired' : 'active'));
  return { answers, devices: devices.map(({ untilDay: _, ...device }) => device), standing };
}
export const judges = {
  'sign/enrolment': ({ author, role }) => ({ allowed: mayEnrol(author, role) }),
  'sign/roster': foldRoster,
};
