// Which keys that devices of `hq` went on under there another scope knows of: those before its last mark (docs/spec/sign.md, "Rotation").
import type { DeviceId, KeyId, Scope } from '@tallystick/oplog';

interface Rotation {
  /** In the log of `hq`. */
  readonly position: number;
  readonly device: DeviceId;
  readonly keyId: KeyId;
}

export class MarkedKeys {
  /** With effect, by position. Every op of a device that ever rotated asks, so none looks through those of others. */
  readonly #rotationsByDevice = new Map<DeviceId, Rotation[]>();
  /** Of all devices, ascending. */
  readonly #positions: number[] = [];
  readonly #sizeByScope = new Map<Scope, number>();

  rotated(rotation: Rotation): void {
    const { device, position } = rotation;
    const own = this.#rotationsByDevice.get(device) ?? [];
    own.push(rotation);
    this.#rotationsByDevice.set(device, own);
    this.#positions.push(position);
  }

  /** The scope takes notice of `size` ops of `hq`. False, and nothing is kept of it, where no key changes by that. */
  mark(scope: Scope, size: number): boolean {
    const before = this.#sizeByScope.get(scope) ?? 0;
    const last = this.#positions.findLast((position) => position < size);
    if (last === undefined || last < before) return false;
    this.#sizeByScope.set(scope, size);
    return true;
  }

  /** The key that the device has as of the mark, where `keyId` is one that it had given up by then. */
  newerThan(keyId: KeyId, device: DeviceId, scope: Scope): KeyId | undefined {
    const size = this.#sizeByScope.get(scope) ?? 0;
    const own = this.#rotationsByDevice.get(device) ?? [];
    const marked = own.findLast(({ position }) => position < size);
    if (marked === undefined) return undefined;
    const isInForce = own.slice(own.indexOf(marked)).some((rotation) => rotation.keyId === keyId);
    return isInForce ? undefined : marked.keyId;
  }
}
