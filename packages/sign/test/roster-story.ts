// One book and what its people do, for tests that ask a roster for its answers.
import type { JsonObject, OpRecord, Scope } from '@tallystick/oplog';
import { type DeviceKey, type Role, signOp } from '../src/index.ts';
import { createRoster, type Roster } from '../src/roster.ts';
import { enrolArgs, hasher, hq, makeOp, newKey, now, openBook } from './fixtures.ts';

export const root = newKey();
export const { genesis, book } = openBook(root);

export interface Place {
  readonly scope?: Scope;
  /** The op before it; any, where it is not the first of its chain. */
  readonly prev?: OpRecord;
  readonly seq?: number;
}

let lastSeq = 1;

/** An op of a chain that began long ago. */
export function act(
  author: DeviceKey,
  verb: string,
  args: JsonObject,
  { scope = hq, prev = genesis, seq = (lastSeq += 1) }: Place = {},
): OpRecord {
  return now(signOp(makeOp({ key: author, verb, args, prev: prev.hash, seq, scope }), author, book, hasher));
}

export function enrolling(device: DeviceKey, role: Role, place: Place = {}, more: JsonObject = {}): OpRecord {
  return act(root, 'device.enroll@1', { ...enrolArgs(device, role), ...more }, place);
}

export function revoking(author: DeviceKey, device: DeviceKey, place: Place = {}): OpRecord {
  return act(author, 'device.revoke@1', { device: device.device, reason: 'stolen' }, place);
}

export function dayOf(author: DeviceKey, day: string, place: Place = {}): OpRecord {
  return act(author, 'day.open@1', { day: `2026-12-${day}` }, place);
}

export function listing(author: DeviceKey, keys: readonly DeviceKey[], windowDays = 2, place: Place = {}): OpRecord {
  return act(author, 'recovery.set@1', { keys: keys.map(({ device }) => device), windowDays }, place);
}

export function overruling(author: DeviceKey, { hash }: OpRecord, place: Place = {}): OpRecord {
  return act(author, 'key.overrule@1', { act: hash }, place);
}

/** What the roster says to each: `ok`, or the code of its refusal. */
export function answers(roster: Roster, ...records: readonly OpRecord[]): string[] {
  return records.map((record) => {
    const answer = roster.apply(record);
    return answer.ok ? 'ok' : answer.code;
  });
}

/** A roster that took all of these without a word. */
export function rosterAfter(...records: readonly OpRecord[]): Roster {
  const roster = createRoster(hasher);
  const refused = answers(roster, ...records).filter((answer) => answer !== 'ok');
  if (refused.length > 0) throw new Error(`the story begins with ${refused.join(', ')}`);
  return roster;
}
