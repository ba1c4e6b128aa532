// How people name devices: by the text of a key that a new device shows, and later by its name or the start of its id.
import { nodeHasher } from '@tallystick/chain/node';
import { decodeHex, type DeviceId, encodeHex } from '@tallystick/oplog';
import { acceptPublicKey, keyIdOf } from '@tallystick/sign';
import type { ShopBook } from './book.ts';
import { OfficeError } from './errors.ts';

const prefix = 'tallystick-device-1:';
const shortestId = 6;

export interface DeviceText {
  readonly device: string;
  readonly publicKey: Uint8Array;
}

/** What a new device shows, to be pasted or scanned where it is enrolled. */
export function encodeDeviceText(publicKey: Uint8Array): string {
  return `${prefix}${encodeHex(publicKey)}`;
}

/** Reads such a text, white space around it included. Throws `office/usage`. */
export function parseDeviceText(pasted: string): DeviceText {
  const text = pasted.trim();
  const hex = text.startsWith(prefix) ? text.slice(prefix.length) : '';
  const publicKey = /^[0-9a-f]{64}$/.test(hex) ? decodeHex(hex) : undefined;
  if (publicKey === undefined || !acceptPublicKey(publicKey)) {
    throw new OfficeError('office/usage', `${JSON.stringify(text.slice(0, 100))} is not the key text of a device`);
  }
  return { device: keyIdOf(publicKey, nodeHasher), publicKey };
}

/** A device of the book as its people see it. */
export interface DeviceRow {
  readonly device: DeviceId;
  readonly name: string;
  readonly role: string;
  readonly key: string;
  readonly keyId: string;
  readonly status: 'active' | 'revoked';
  readonly replaces: string;
  readonly untilDay: string;
}

const columns = 'device, name, role, key, keyId, status, replaces, untilDay';

/** Every device of `hq`, owners first. */
export function listDevices(book: ShopBook): readonly DeviceRow[] {
  return book.query<DeviceRow & Record<string, string>>(
    `SELECT ${columns} FROM devices WHERE scope = 'hq' ORDER BY role <> 'owner', name, device`,
  );
}

/** The one device with this name, or whose id begins so. Throws `office/device`. */
export function findDevice(book: ShopBook, text: string): DeviceRow {
  const devices = listDevices(book);
  const isId = /^[0-9a-f]+$/.test(text) && text.length >= shortestId;
  const found = devices.filter(({ device, name }) => name === text || (isId && device.startsWith(text)));
  if (found.length === 1) return found[0] as DeviceRow;
  const why = found.length === 0 ? 'is no device of this book' : `is ${found.length} devices: use the id`;
  throw new OfficeError('office/device', `${JSON.stringify(text)} ${why} (see: tally devices)`);
}
