/** How far each device's chain is folded in one scope: read once, changed in memory, written when the projection is. */
import type { ChainHead, KeyId, OpHash } from '@tallystick/oplog';
import type { SqlDriver } from './driver.ts';

/** A device's last folded op here, and the key that must sign the next. */
export interface FoldedHead extends ChainHead {
  readonly keyId: KeyId;
}

export class ChainHeads {
  readonly #driver: SqlDriver;
  readonly #scope: string;
  readonly #heads = new Map<string, FoldedHead | undefined>();
  readonly #changed = new Set<string>();

  constructor(driver: SqlDriver, scope: string) {
    this.#driver = driver;
    this.#scope = scope;
  }

  get(device: string): FoldedHead | undefined {
    const known = this.#heads.get(device);
    if (known !== undefined || this.#heads.has(device)) return known;
    const row = this.#driver
      .prepare('SELECT seq, hash, keyId FROM chains WHERE scope = ? AND device = ?')
      .get([this.#scope, device]);
    const head =
      row === undefined ? undefined : { seq: row[0] as number, hash: row[1] as OpHash, keyId: row[2] as KeyId };
    this.#heads.set(device, head);
    return head;
  }

  /** Undefined where the chain has not begun. */
  set(device: string, head: FoldedHead | undefined): void {
    this.#heads.set(device, head);
    this.#changed.add(device);
  }

  flush(): void {
    for (const device of this.#changed) this.#write(device, this.#heads.get(device));
    this.#changed.clear();
  }

  discard(): void {
    this.#heads.clear();
    this.#changed.clear();
  }

  #write(device: string, head: FoldedHead | undefined): void {
    if (head === undefined) {
      this.#driver.prepare('DELETE FROM chains WHERE scope = ? AND device = ?').run([this.#scope, device]);
      return;
    }
    this.#driver
      .prepare(
        'INSERT INTO chains (scope, device, seq, hash, keyId) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash, keyId = excluded.keyId',
      )
      .run([this.#scope, device, head.seq, head.hash, head.keyId]);
  }
}
