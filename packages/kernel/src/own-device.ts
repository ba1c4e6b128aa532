/** The device that writes here: the keys it has, the author that signs with them, and how it goes on under others (docs/keys.md). */
import { type DeviceId, encodeHex, type Scope as ScopeName } from '@tallystick/oplog';
import type { DeviceKey, KeyStore } from '@tallystick/sign';
import { Author, type Edge } from './author.ts';
import { devices } from './builtin.ts';
import type { SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import { HQ } from './genesis.ts';
import { KeyRing } from './key-ring.ts';
import { type Identity, keyNameOf, META_IDENTITY, readIdentity } from './renewal.ts';
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
  readonly options: OwnDeviceOptions;
  readonly #replica: Replica;
  #ring: KeyRing;
  #author: Author;

  constructor(replica: Replica, options: OwnDeviceOptions) {
    this.#replica = replica;
    this.options = options;
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

  get ring(): KeyRing {
    return this.#ring;
  }

  get identity(): Identity {
    return readIdentity(this.#replica.log);
  }

  get author(): Author {
    return this.#author;
  }

  /** Milliseconds since 1970, as this device believes. */
  now(): number {
    return this.options.edge.now();
  }

  /** The key that signs for this device where it writes. */
  get keyInForce(): DeviceKey | undefined {
    const { scope } = this.options;
    return this.#ring.keyOf(this.#replica.scope(scope).chainHead(this.id)?.keyId ?? this.id);
  }

  /** As `keyInForce`. Throws `kernel/no-keys` where that is not here. */
  signingKey(): DeviceKey {
    const key = this.keyInForce;
    if (key === undefined) throw new KernelError('kernel/no-keys', 'the key in force of this device is not here');
    return key;
  }

  /** How it, or another device, is enrolled in its scope, else in `hq`; undefined until its enrolment has arrived. */
  row(device: DeviceId = this.id): Readonly<Record<string, SqlValue>> | undefined {
    const { scope } = this.options;
    const rows = this.#replica.sql.query(
      `SELECT scope, role, name, replaces, enrolment, key, keyId FROM ${devices.name} WHERE device = ? AND scope IN (?, ?)`,
      [device, scope, HQ],
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
    const keys = new Set(known === undefined ? this.#ring.all : [known, ...this.#ring.all]);
    return [...keys].map((key) => ({ device: this.id, sign: (message) => key.sign(message) }));
  }

  /** The keys of the device of another generation; the first of them is made where there are none. */
  ringOf(generation: number): Promise<KeyRing> {
    return KeyRing.open(this.options.keyStore, keyNameOf(generation));
  }

  /** Goes on as the device of another generation, which has these keys. */
  async become(ring: KeyRing, generation: number, replaces: DeviceId): Promise<void> {
    await this.#replica.log.setMeta(META_IDENTITY, `${generation} ${replaces}`);
    this.#ring = ring;
    this.#author = new Author(this.#replica, ring, this.options.edge);
  }

  /** Who signs with the keys of this name in the key store instead of this device; undefined where there are none. */
  async authorNamed(name: string): Promise<Author | undefined> {
    const { keyStore, edge } = this.options;
    if ((await keyStore.load(name)) === undefined) return undefined;
    return new Author(this.#replica, await KeyRing.open(keyStore, name), edge);
  }
}
