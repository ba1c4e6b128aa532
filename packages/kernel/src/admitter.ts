/** Who is enrolled in a book, as its stored ops say. */
import type { Hasher } from '@tallystick/chain';
import {
  type BookId,
  decodeHex,
  type DeviceId,
  encodeHex,
  type KeyId,
  type LogStore,
  type OpHash,
  type OpRecord,
} from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import { actsHere, isAct } from './acts.ts';
import type { Door } from './admit.ts';
import type { SqlDriver } from './driver.ts';
import { type Enrolment, Enrolments } from './enrolments.ts';

/** SHA-256 and Ed25519 as this platform has them. */
export interface CryptoProvider {
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  /** Of small tables, at once: streams, which a platform has anyway, cost more than these do. */
  readonly gzip?: (bytes: Uint8Array) => Uint8Array;
}

export class Admitter {
  readonly #book: BookId;
  readonly #log: LogStore;
  readonly #driver: SqlDriver;
  readonly #crypto: CryptoProvider;
  #enrolments = new Enrolments();

  constructor(book: BookId, log: LogStore, driver: SqlDriver, crypto: CryptoProvider) {
    this.#book = book;
    this.#log = log;
    this.#driver = driver;
    this.#crypto = crypto;
    this.load();
  }

  /** Reads the enrolments of the stored ops. */
  load(): void {
    this.#enrolments = new Enrolments();
    for (const [device, keyId, key, hash, isRoot] of this.#driver
      .prepare('SELECT device, keyId, key, enrolment, isRoot FROM enrolments')
      .iterate([])) {
      this.#enrolments.add({
        device: device as DeviceId,
        keyId: keyId as KeyId,
        publicKey: decodeHex(key as string),
        hash: hash as OpHash,
        isRoot: isRoot === 1,
      });
    }
  }

  /** Whose signatures can be checked. */
  enrolments(): Iterable<Enrolment> {
    return this.#enrolments.all();
  }

  /** An op that enrolled a device, whatever its verdict. */
  enrolmentOf(device: DeviceId): OpHash | undefined {
    return this.#enrolments.enrolmentOf(device);
  }

  /** A key that the device has or had in one of its chains. */
  keyOf(device: DeviceId, keyId: KeyId): Uint8Array | undefined {
    return this.#enrolments.keyOf(device, keyId);
  }

  /** Remembers who is enrolled by these stored ops; true when that is news. Runs in the transaction that stores or folds them, after `loadActsFor`. */
  remember(records: readonly OpRecord[]): boolean {
    if (!records.some(({ op }) => isAct(op.verb))) return false;
    const fresh = actsHere().learn(this.#enrolments, records, this.#book, this.#crypto.hasher);
    for (const { device, keyId, publicKey, hash, isRoot } of fresh) {
      this.#driver
        .prepare('INSERT OR IGNORE INTO enrolments (device, keyId, key, enrolment, isRoot) VALUES (?, ?, ?, ?, ?)')
        .run([device, keyId, encodeHex(publicKey), hash, isRoot ? 1 : 0]);
    }
    return fresh.length > 0;
  }

  /** By what the door judges records from outside: see admit.ts. */
  get door(): Door {
    return { book: this.#book, log: this.#log, crypto: this.#crypto, enrolments: this.#enrolments };
  }
}
