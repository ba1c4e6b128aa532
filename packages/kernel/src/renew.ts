/** How this device goes on under another key, or as another device with the work that waits for it, and what lets it in elsewhere (docs/keys.md). */
import { decodeHex, encodeHex, type DeviceId, type OpHash, type Scope as ScopeName } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { rotateVerb } from '@tallystick/sign/device';
import { proveAdmission } from '@tallystick/sign/rotation';
import type { CommitRequest, NotCommitted, Written } from './author.ts';
import { deviceEnroll, deviceRecover, devices } from './builtin.ts';
import { SUPERSEDED } from './codes.ts';
import type { AdmitArgs } from './device-verbs.ts';
import { HQ } from './genesis.ts';
import type { OwnDevice } from './own-device.ts';
import type { QuarantinedOp, Renewal } from './renewal.ts';
import type { Replica } from './replica.ts';

type Answers = (Written | NotCommitted)[];

/**
 * Goes on as another device under a fresh key. A generation that nobody has enrolled yet is answered again. The only office of a book, which holds the root key,
 * enrols the next device before it becomes that one: whenever it dies, it is a device that may write, and asking again goes on. Call inside `exclusive`.
 */
export async function renewDevice(replica: Replica, own: OwnDevice): Promise<Renewal> {
  const { generation: last, replaces: lastReplaced } = own.identity;
  const isNext = own.row() !== undefined || lastReplaced === undefined;
  const replaces = isNext ? own.id : lastReplaced;
  const generation = isNext ? last + 1 : last;
  const ring = await own.ringOf(generation);
  const { device, keyId, publicKey } = ring.first;
  const key = encodeHex(publicKey);
  // Nor is it enrolled twice, where that was as far as it came.
  if (replica.admitter.keyOf(device, keyId) === undefined)
    await enrolByRoot(replica, own, { device, key, replaces, generation });
  await own.become(ring, generation, replaces);
  const enrolled = own.row() !== undefined;
  return { device, key, replaces, text: `tallystick-device-1:${key}`, generation, enrolled };
}

/** The only office of a book has nobody to ask; it holds the root key. */
async function enrolByRoot(
  replica: Replica,
  own: OwnDevice,
  { device, key, replaces, generation }: Pick<Renewal, 'device' | 'key' | 'replaces' | 'generation'>,
): Promise<void> {
  const before = own.row(replaces);
  const root = await own.authorNamed('root');
  if (before === undefined || root === undefined) return;
  // Documents are numbered by the names of their devices, so no name comes twice.
  const name = `${String(before['name']).slice(0, 190)} (${generation})`;
  const args = { device, key, replaces, name, role: before['role'] };
  const request = { verb: deviceEnroll.name, args, scope: HQ };
  await replica.transaction(() => root.write([request], HQ));
}

/** What lets this device in elsewhere; undefined until it is enrolled itself. Call inside `exclusive`. */
export async function admissionOf(own: OwnDevice): Promise<AdmitArgs | undefined> {
  const row = own.row() as Readonly<Record<string, string>> | undefined;
  if (row === undefined) return undefined;
  const { enrolment = '', key = '', keyId, name = '', role } = row;
  const args = { device: own.id, enrolment, key, name, role: role as Role };
  if (keyId === own.id) return args;
  return { ...args, ...(await proveAdmission(enrolment as OpHash, decodeHex(key), own.ring.first)) };
}

/** What adopts the waiting ops of `device`: left out, those of the device that this one replaces, and its own under a superseded key. */
export function recoveries(own: OwnDevice, waiting: readonly QuarantinedOp[], device?: DeviceId): CommitRequest[] {
  const of = device ?? own.row()?.['replaces'];
  const mine = device === undefined ? own.id : undefined;
  return waiting
    .filter((op) => op.device === of || (op.device === mine && op.code === SUPERSEDED))
    .map(({ scope, hash }) => ({ verb: deviceRecover.name, args: { op: hash }, scope }));
}

/** Goes on, in each scope that enrolled this device, under a key that nobody has seen yet. Call inside `exclusive`; `store` runs the author in a transaction. */
export async function rotateKey(
  replica: Replica,
  { id, ring, author, options }: OwnDevice,
  store: (work: () => Promise<Answers>) => Promise<Answers>,
): Promise<Answers> {
  const rotateTo = await ring.spare((keyId) => replica.admitter.keyOf(id, keyId) !== undefined);
  return store(() => {
    const enrolled = replica.sql.query(`SELECT scope FROM ${devices.name} WHERE device = ? ORDER BY scope`, [id]);
    const scopes = enrolled.length === 0 ? [options.scope] : enrolled.map(({ scope }) => scope as ScopeName);
    return author.write(
      scopes.map((scope) => ({ verb: rotateVerb, scope, args: {}, rotateTo })),
      options.scope,
    );
  });
}
