// Which key the book gets under which name: the one that the page made with its backups, also after a restart.
import { portableHasher } from '@tallystick/chain';
import type { DeviceId } from '@tallystick/oplog';
import { createMemoryKeyStore, nobleEd25519 } from '@tallystick/sign';
import { describe, expect, it } from 'vitest';
import { createKeyPlace } from '../src/engine/key-place.ts';

function scene() {
  const kept = createMemoryKeyStore(nobleEd25519, portableHasher);
  const notes = new Map<string, string>();
  const log = {
    meta: (name: string) => notes.get(name),
    setMeta: (name: string, value: string) => void notes.set(name, value),
  };
  const open = (device?: string) => createKeyPlace(log, device as DeviceId | undefined, kept);
  return { kept, open };
}

describe('the keys of a till', () => {
  it('are those that were made for it, under the names of the book', async () => {
    const { kept, open } = scene();
    const made = await kept.create('next-1');
    const place = open();
    place.take('next-1');
    expect((await place.create('device-2')).keyId).toBe(made.keyId);
    expect((await open().load('device-2'))?.keyId).toBe(made.keyId);
    // Taken once: the one after it is its own.
    expect((await place.create('device-3')).keyId).not.toBe(made.keyId);
  });

  it('are made where none was, or where it is not there', async () => {
    const { kept, open } = scene();
    const place = open();
    expect(await place.load('device')).toBeUndefined();
    place.take('next-gone');
    const { keyId } = await place.create('device');
    expect((await kept.load('device'))?.keyId).toBe(keyId);
  });

  it('are of the till that was put back, whatever the key in force is called', async () => {
    const { kept, open } = scene();
    const { keyId } = await kept.create('device');
    await kept.create('device-2');
    const place = open('ab'.repeat(32));
    expect(await place.load('device')).toMatchObject({ device: 'ab'.repeat(32), keyId });
    expect((await place.load('device-2'))?.device).not.toBe('ab'.repeat(32));
  });
});
