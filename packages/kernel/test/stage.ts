/** Histories of keys and devices, allowed or not, as a relay takes them. */
import { parseCheckpoint } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import {
  type BookId,
  encodeHex,
  type JsonObject,
  type OpHash,
  type OpId,
  type OpRecord,
  type Scope,
  trustedRecord,
  type VerbRef,
} from '@tallystick/oplog';
import { createMemoryRelayStore, createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type DeviceKey, signOp } from '@tallystick/sign';
import { createRoster } from '@tallystick/sign/roster';
import { nodeEd25519 } from '@tallystick/sign/node';
import { laterKey, proveAdmission, proveRotation } from '@tallystick/sign/rotation';
import fc from 'fast-check';
import { HQ } from './fleet.ts';

const BRANCH = 'b/1' as Scope;
const actors = 6;

export interface Step {
  readonly verb: 'enroll' | 'admit' | 'rotate' | 'revoke' | 'policy' | 'recovery' | 'overrule' | 'day';
  readonly by: number;
  readonly about: number;
  readonly inBranch: boolean;
  /** Whatever else the verb needs. */
  readonly dice: number;
}

export const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom(
    'enroll',
    'enroll',
    'admit',
    'rotate',
    'revoke',
    'revoke',
    'policy',
    'recovery',
    'overrule',
    'overrule',
    'day',
  ),
  by: fc.oneof(fc.nat(2), fc.nat(actors - 1)),
  about: fc.nat(actors - 1),
  inBranch: fc.boolean(),
  dice: fc.nat(1000),
});

const roles = ['owner', 'owner', 'manager', 'till'] as const;
let made = 0;

interface Actor {
  /** By generation; those that were never rotated to are strangers' keys. */
  readonly keys: readonly DeviceKey[];
}

async function actorOf(index: number): Promise<Actor> {
  const keys: DeviceKey[] = [];
  for (let generation = 0; generation < 3; generation++) {
    const store = createMemoryKeyStore(nodeEd25519, nodeHasher);
    const key = await store.import('device', new Uint8Array(32).fill(1 + index * 3 + generation));
    keys.push(keys[0] === undefined ? key : laterKey(keys[0].device, key));
  }
  return { keys };
}

/** Writes whatever it is told to, allowed or not, in chains that a relay takes. */
export class Stage {
  readonly store = createMemoryRelayStore();
  client: RelayClient;
  readonly #signer: DeviceKey;
  readonly refused: OpRecord[] = [];
  readonly acts: OpHash[] = [];
  readonly actors: readonly Actor[];
  readonly marker: DeviceKey;
  book = '' as BookId;
  readonly #heads = new Map<string, OpRecord>();
  /** The op that let a device in, by scope and device. */
  readonly links = new Map<string, OpHash>();
  /** Which of its keys signs next, by scope and device. */
  readonly #generations = new Map<string, number>();

  constructor(all: readonly Actor[], signer: DeviceKey) {
    this.actors = all.slice(0, actors);
    this.marker = (all[actors] as Actor).keys[0] as DeviceKey;
    this.#signer = signer;
    this.client = this.#openRelay();
  }

  #openRelay(): RelayClient {
    const { publicKey, sign } = this.#signer;
    const signer = { name: 'relay.test', publicKey, sign };
    const { store } = this;
    const relay = createRelay({ store, signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public' });
    return createRelayClient({ url: 'http://relay.test', fetch: (request) => relay.fetch(request) });
  }

  /** The relay goes on with what it stored, and remembers nothing else. */
  restart(): void {
    this.client = this.#openRelay();
  }

  generation(device: string, scope: Scope): number {
    return this.#generations.get(`${scope} ${device}`) ?? 0;
  }

  async craft(
    key: DeviceKey,
    verb: string,
    scope: Scope,
    makeArgs: (prev: OpHash) => JsonObject | Promise<JsonObject>,
  ): Promise<OpRecord> {
    const head = this.#heads.get(`${scope} ${key.device}`);
    const isGenesis = verb === 'book.open@1';
    const prev =
      head?.hash ??
      this.links.get(`${scope} ${key.device}`) ??
      this.links.get(`${HQ} ${key.device}`) ??
      (this.book as string as OpHash);
    made += 1;
    const op = {
      args: await makeArgs(prev),
      at: 1_764_500_000_000,
      device: key.device,
      id: `019ad465-0000-7000-8000-${made.toString(16).padStart(12, '0')}` as OpId,
      ...(isGenesis ? {} : { prev }),
      scope,
      seq: (head?.op.seq ?? 0) + 1,
      verb: verb as VerbRef,
    };
    const { bytes, hash } = await signOp(op, key, isGenesis ? undefined : this.book, nodeHasher);
    return trustedRecord(bytes, hash);
  }

  /** True when the relay gave it a position. */
  async push(record: OpRecord, route: 'push' | 'claim' = 'push'): Promise<boolean> {
    const { op, hash } = record;
    if (op.prev === undefined) this.book = hash as string as BookId;
    const { results } = await this.client[route](this.book, op.scope, [record]);
    const isTaken = results[0]?.position !== undefined;
    if (!isTaken) this.refused.push(record);
    else this.#heads.set(`${op.scope} ${op.device}`, record);
    return isTaken;
  }

  async write(
    by: DeviceKey,
    verb: string,
    scope: Scope,
    makeArgs: (prev: OpHash) => JsonObject | Promise<JsonObject>,
  ): Promise<boolean> {
    const record = await this.craft(by, verb, scope, makeArgs);
    const isTaken = await this.push(record);
    if (!isTaken) return false;
    const { device } = record.op.args;
    if (scope === HQ) this.acts.push(record.hash);
    const isEntry = verb === 'device.enroll@1' || verb === 'device.admit@1';
    const place = `${scope} ${device as string}`;
    // The first that lets it in counts; a later one by somebody who may not changes nothing.
    if (isEntry && !this.links.has(place) && this.roster().isEnrolment(device as never, record.hash, scope)) {
      this.links.set(place, record.hash);
      const generation = this.actors
        .flatMap(({ keys }) => keys)
        .find(({ publicKey }) => encodeHex(publicKey) === record.op.args['key']);
      this.#generations.set(
        place,
        this.actors.find(({ keys }) => keys.includes(generation as DeviceKey))?.keys.indexOf(generation as DeviceKey) ??
          0,
      );
    }
    if (verb === 'device.rotate@1')
      this.#generations.set(`${scope} ${by.device}`, this.generation(by.device, scope) + 1);
    return true;
  }

  /** As the relay folds it from what it stored. */
  roster() {
    const roster = createRoster(nodeHasher);
    for (const { bytes, hash, isFork } of this.store.enrolments(this.book) as readonly {
      bytes: Uint8Array;
      hash: OpHash;
      isFork: boolean;
    }[])
      roster.apply(trustedRecord(bytes, hash), isFork);
    return roster;
  }

  /** The branch takes notice of all of `hq`, as every kernel does before it writes there. */
  async mark(): Promise<void> {
    const note = await this.client.checkpoint(this.book, HQ);
    const checkpoint = parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1));
    if (!checkpoint.ok) throw new Error(checkpoint.message);
    const { size, root } = checkpoint.value;
    await this.write(this.marker, 'hq.mark@1', BRANCH, () => ({ size, root }));
  }
}

const verbOf = {
  enroll: 'device.enroll@1',
  admit: 'device.admit@1',
  rotate: 'device.rotate@1',
  revoke: 'device.revoke@1',
  policy: 'policy.revoke@1',
  recovery: 'recovery.set@1',
  overrule: 'key.overrule@1',
  day: 'day.open@1',
} as const;

async function argsOf(stage: Stage, { verb, by, about, inBranch, dice }: Step, prev: OpHash): Promise<JsonObject> {
  const [author, subject] = [stage.actors[by] as Actor, stage.actors[about] as Actor];
  const [first] = subject.keys as [DeviceKey];
  const role = roles[dice % roles.length] as string;
  const entry = { device: first.device, key: encodeHex(first.publicKey), name: `device ${about}`, role };
  const until: JsonObject = dice % 5 === 0 ? { untilDay: `2026-12-0${(dice % 7) + 1}` } : {};
  if (verb === 'enroll') return { ...entry, ...until };
  if (verb === 'admit') {
    const enrolment = stage.links.get(`${HQ} ${first.device}`) ?? (stage.book as string as OpHash);
    if (dice % 2 === 0) return { ...entry, ...until, enrolment };
    const later = subject.keys[1] as DeviceKey;
    return {
      ...entry,
      key: encodeHex(later.publicKey),
      enrolment,
      ...(await proveAdmission(enrolment, later.publicKey, first)),
    };
  }
  const scope = inBranch ? BRANCH : HQ;
  const [own] = author.keys as [DeviceKey];
  const next = author.keys[stage.generation(own.device, scope) + 1] ?? own;
  if (verb === 'rotate') return { ...(await proveRotation(prev, next)) };
  if (verb === 'revoke') return { device: first.device, reason: 'lost' };
  if (verb === 'policy') return { role, revokes: dice % 3 === 0 ? [] : ['owner', 'till'] };
  if (verb === 'day') return { day: `2026-12-0${(dice % 9) + 1}` };
  if (verb === 'overrule') return { act: stage.acts.at(-1 - (dice % Math.min(stage.acts.length, 4))) as string };
  const keys = [about, dice % actors].map((index) => (stage.actors[index] as Actor).keys[0]?.device ?? '');
  return { keys: [...new Set(keys)], windowDays: (dice % 3) + 1 };
}

export async function play(steps: readonly Step[], withRecovery: boolean): Promise<Stage> {
  const all = await Promise.all(Array.from({ length: actors + 1 }, (_, index) => actorOf(index)));
  const signer = await createMemoryKeyStore(nodeEd25519, nodeHasher).import('relay', new Uint8Array(32).fill(99));
  const stage = new Stage(all, signer);
  const [root, ...others] = stage.actors.map(({ keys }) => keys[0] as DeviceKey) as [DeviceKey, ...DeviceKey[]];
  const opening = { key: encodeHex(root.publicKey), name: 'shop', verbs: ['stock.move@1'] };
  await stage.push(await stage.craft(root, 'book.open@1', HQ, () => opening));
  const enrol = (key: DeviceKey, role: string, scope = HQ): Promise<boolean> =>
    stage.write(root, 'device.enroll@1', scope, () => ({
      device: key.device,
      key: encodeHex(key.publicKey),
      name: `first ${made}`,
      role,
    }));
  await enrol(stage.marker, 'agent');
  for (const [index, role] of ['owner', 'manager', 'till'].entries()) await enrol(others[index] as DeviceKey, role);
  await stage.mark();
  await enrol(others[3] as DeviceKey, 'manager', BRANCH);
  const keys = [(others[0] as DeviceKey).device, root.device];
  if (withRecovery) await stage.write(root, 'recovery.set@1', HQ, () => ({ keys, windowDays: 2 }));
  for (const one of steps) {
    const scope = one.inBranch ? BRANCH : HQ;
    const { keys: own } = stage.actors[one.by] as Actor;
    if (one.inBranch) await stage.mark();
    const key = own[stage.generation((own[0] as DeviceKey).device, scope)];
    if (key === undefined || (one.verb === 'rotate' && own.at(-1) === key)) continue;
    await stage.write(key, verbOf[one.verb], scope, (prev) => argsOf(stage, one, prev));
  }
  await stage.mark();
  return stage;
}
