import { parseDeviceId, parseKeyId, parseScope } from '@tallystick/oplog';
import type { DeviceId, KeyId, Scope } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { MarkedKeys } from '../src/marked-keys.ts';

const shop = parseScope('b/1') as Scope;
const device = (index: number): DeviceId => parseDeviceId(index.toString(16).padStart(64, '0')) as DeviceId;
const key = (index: number): KeyId => parseKeyId(index.toString(16).padStart(64, 'f')) as KeyId;

it('answers for a device from its own rotations, however many others rotated', () => {
  const marked = new MarkedKeys();
  let looks = 0;
  for (let index = 0; index < 1_000; index += 1)
    marked.rotated({
      position: index,
      keyId: key(index),
      get device() {
        looks += 1;
        return device(index);
      },
    });
  expect(marked.mark(shop, 500)).toBe(true);
  const before = looks;
  expect(marked.newerThan(key(5_000), device(7), shop)).toBe(key(7));
  expect(marked.newerThan(key(7), device(7), shop)).toBeUndefined();
  expect(marked.newerThan(key(5_000), device(700), shop)).toBeUndefined();
  expect(marked.newerThan(key(5_000), device(5_000), shop)).toBeUndefined();
  expect(looks).toBe(before);
});

it('takes notice only of marks by which a key changes', () => {
  const marked = new MarkedKeys();
  expect(marked.mark(shop, 100)).toBe(false);
  for (const position of [3, 10]) marked.rotated({ position, device: device(1), keyId: key(position) });
  expect([2, 4, 4, 3, 10, 11, 1_000].map((size) => marked.mark(shop, size))).toEqual([
    false,
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
});
