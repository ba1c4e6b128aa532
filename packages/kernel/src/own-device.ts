/** The device that writes here: the keys it has, the author that signs with them, and how it goes on under others (docs/keys.md). */
import { decodeHex, type DeviceId, encodeHex, type OpHash, type Scope as ScopeName } from '@tallystick/oplog';
import type { DeviceKey, KeyStore, Role } from '@tallystick/sign';
import { proveAdmission } from '@tallystick/sign/rotation';
import { Author, type CommitRequest, type Edge, type NotCommitted, type Written } from './author.ts';
import { deviceEnroll, deviceRecover, devices } from './builtin.ts';
import { SUPERSEDED } from './codes.ts';
import type { Cosigner } from './cosigning.ts';
import type { AdmitArgs } from './device-verbs.ts';
import type { SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { KeyRing } from './key-ring.ts';
import { type QuarantinedOp, type Renewal, renewDevice } from './renewal.ts';
import type { ReadingDevice } from './relay-standing.ts';
import type { Replica } from './replica.ts';

export interface OwnDeviceOptions {
  readonly keyStore: KeyStore;
  readonly ring: KeyRing;
  readonly edge: Edge;
  /** Where it writes unless it says otherwise. */
  readonly scope: ScopeName;
}

export class OwnDevice {
  readonly #replica: Replica;
  readonly #options: OwnDeviceOptions;
  #ring: KeyRing;
  #author: Author;

  constructor(replica: Replica, options: OwnDeviceOptions) {
    this.#replica = replica;
    this.#options = options;
    this.#ring = options.ring;
    this.#author = new Author(replica, options.ring, options.edge);
  }

  /** Another one after `renew`. */
  get id(): DeviceId {
    return this.#ring.device;
  }

  /** Of its first key, in hex. */
  get publicKey(): string {
    return encodeHex(this.#ring.first.publicKey);
  }

  get author(): Author {
    return this.#author;
  }

  /** Milliseconds since 1970, as this device believes. */
  now(): number {
    return this.#options.edge.now();
  }

  /** The key that signs for this device where it writes. */
  get keyInForce(): DeviceKey | undefined {
    const { scope } = this.#options;
    return this.#ring.keyOf(this.#replica.scope(scope).chainHead(this.id)?.keyId ?? this.id);
  }

  /** As `keyInForce`. Throws `kernel/no-keys` where that is not here. */
  signingKey(): DeviceKey {
    const key = this.keyInForce;
    if (key === undefined) throw new KernelError('kernel/no-keys', 'the key in force of this device is not here');
    return key;
  }

  /** How it is enrolled in its scope, else in `hq`; undefined until its enrolment has arrived. */
  row(): Readonly<Record<string, SqlValue>> | undefined {
    const { scope } = this.#options;
    const rows = this.#replica.sql.query(
      `SELECT scope, role, name, replaces, enrolment, key, keyId FROM ${devices.name} WHERE device = ? AND scope IN (?, ?)`,
      [this.id, scope, HQ],
    );
    return rows.find((row) => row['scope'] === scope) ?? rows[0];
  }

  /**
   * This device as a reader at its relay: under the key that it has here, then under each that it has at all, for a device that was put back from a
   * copy does not know which of them is in force.
   */
  readers(): readonly ReadingDevice[] {
    const keyId = this.row()?.['keyId'];
    const known = typeof keyId === 'string' ? this.#ring.keyOf(keyId) : undefined;
    const keys = new Set([...(known === undefined ? [] : [known]), ...this.#ring.all]);
    return [...keys].map((key) => ({ device: this.id, sign: (message) => key.sign(message) }));
  }

  /** This device as a witness of its relay; undefined while it is not enrolled, or its key is not here. */
  cosigner(): Cosigner | undefined {
    const keyId = this.row()?.['keyId'];
    const key = typeof keyId === 'string' ? this.#ring.keyOf(keyId) : undefined;
    if (key === undefined) return undefined;
    const { publicKey } = key;
    const nowSeconds = Math.max(0, Math.floor(this.#options.edge.now() / 1000));
    return { device: this.id, publicKey, sign: (message) => key.sign(message), nowSeconds };
  }

  /** What lets this device in elsewhere; undefined until it is enrolled itself. Call inside `exclusive`. */
  async admission(): Promise<AdmitArgs | undefined> {
    const row = this.row() as Readonly<Record<string, string>> | undefined;
    if (row === undefined) return undefined;
    const { enrolment = '', key = '', keyId, name = '', role } = row;
    const args = { device: this.id, enrolment, key, name, role: role as Role };
    if (keyId === this.id) return args;
    return { ...args, ...(await proveAdmission(enrolment as OpHash, decodeHex(key), this.#ring.first)) };
  }

  /** Goes on under a key that nobody has seen yet. Call inside `exclusive`; `store` runs the author in a transaction. */
  async rotate(
    store: (work: () => Promise<(Written | NotCommitted)[]>) => Promise<(Written | NotCommitted)[]>,
  ): Promise<(Written | NotCommitted)[]> {
    const key = await this.#ring.spare((keyId) => this.#replica.admitter.keyOf(this.id, keyId) !== undefined);
    return store(() => this.#author.rotate(key, this.#options.scope));
  }

  /** Goes on as another device under a fresh key. Call inside `exclusive`. */
  async renew(): Promise<Renewal> {
    const before = this.row();
    const { keyStore, edge } = this.#options;
    const { ring, ...made } = await renewDevice(this.#replica.log, keyStore, this.id, before !== undefined);
    this.#ring = ring;
    this.#author = new Author(this.#replica, ring, edge);
    return { ...made, enrolled: before !== undefined && (await this.#enrolByRoot(made, before)) };
  }

  /** What adopts the waiting ops of `device`: left out, those of the device that this one replaces, and its own under a superseded key. */
  recoveries(waiting: readonly QuarantinedOp[], device?: DeviceId): CommitRequest[] {
    const of = device ?? this.row()?.['replaces'];
    const own = device === undefined ? this.id : undefined;
    return waiting
      .filter((op) => op.device === of || (op.device === own && op.code === SUPERSEDED))
      .map(({ scope, hash }) => ({ verb: deviceRecover.name, args: { op: hash }, scope }));
  }

  /** The only office of a book has nobody to ask; it holds the root key. */
  async #enrolByRoot(made: Omit<Renewal, 'enrolled'>, before: Readonly<Record<string, SqlValue>>): Promise<boolean> {
    const { keyStore, edge } = this.#options;
    if ((await keyStore.load('root')) === undefined) return false;
    const root = new Author(this.#replica, await KeyRing.open(keyStore, 'root'), edge);
    const { device, key, replaces, generation } = made;
    // Documents are numbered by the names of their devices, so no name comes twice.
    const name = `${String(before['name']).slice(0, 190)} (${generation})`;
    const args = { device, key, replaces, name, role: before['role'] };
    const request = { verb: deviceEnroll.name, args, scope: HQ };
    const [answer] = await this.#replica.transaction(() => root.write([request], HQ));
    return answer?.ok === true;
  }
}
