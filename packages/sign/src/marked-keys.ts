// Which keys that devices of `hq` went on under there another scope knows of: those before its last mark (docs/spec/sign.md, "Rotation").
import type { DeviceId, KeyId, Scope } from '@tallystick/oplog';

interface Rotation {
  /** In the log of `hq`. */
  readonly position: number;
  readonly device: DeviceId;
  readonly keyId: KeyId;
}

export class MarkedKeys {
  /** With effect, by position. */
  readonly #rotations: Rotation[] = [];
  readonly #sizeByScope = new Map<Scope, number>();

  rotated(rotation: Rotation): void {
    this.#rotations.push(rotation);
  }

  /** The scope takes notice of `size` ops of `hq`. False, and nothing is kept of it, where no key changes by that. */
  mark(scope: Scope, size: number): boolean {
    const before = this.#sizeByScope.get(scope) ?? 0;
    if (!this.#rotations.some(({ position }) => position >= before && position < size)) return false;
    this.#sizeByScope.set(scope, size);
    return true;
  }

  /** The key that the device has as of the mark, where `keyId` is one that it had given up by then. */
  newerThan(keyId: KeyId, device: DeviceId, scope: Scope): KeyId | undefined {
    const size = this.#sizeByScope.get(scope) ?? 0;
    const own = this.#rotations.filter((rotation) => rotation.device === device);
    const marked = own.findLast(({ position }) => position < size);
    if (marked === undefined) return undefined;
    const isInForce = own.slice(own.indexOf(marked)).some((rotation) => rotation.keyId === keyId);
    return isInForce ? undefined : marked.keyId;
  }
}
