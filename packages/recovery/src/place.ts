// The port behind which backups are kept: files by name, in a folder, a bucket, a mailbox. Nothing of a place is believed. Every adapter passes
// the suite of `@tallystick/recovery/contract`.
import type { BookId, DeviceId } from '@tallystick/oplog';
import type { PartKind } from './part.ts';

export interface BackupPlace {
  /** For people: `folder /mnt/usb`. */
  readonly name: string;
  /** Names of the files that are there, in any order; what is no file of a backup may be among them. */
  list(): Promise<readonly string[]>;
  /** Undefined where there is none of the name. */
  load(name: string): Promise<Uint8Array | undefined>;
  /** Durable there, and to be read back, when it resolves. A file of the name is replaced, as a whole or not at all. Throws `recovery/place`. */
  save(name: string, bytes: Uint8Array): Promise<void>;
  /** No error where there is none. */
  drop(name: string): Promise<void>;
}

export interface PartName {
  /** First digits of the book's id and of the device's. */
  readonly book: string;
  readonly device: string;
  readonly number: number;
  readonly kind: PartKind;
}

const idDigits = 12;
const numberDigits = 9;
const nameForm = /^tallystick-([0-9a-f]{12})-([0-9a-f]{12})-(\d{9})-(whole|delta|log)\.age$/;

/** The name of a part. It is a hint for whoever looks for the newest; what counts is signed. */
export function partName(part: {
  readonly book: BookId;
  readonly device: DeviceId;
  readonly number: number;
  readonly kind: PartKind;
}): string {
  const { book, device, number, kind } = part;
  const digits = String(number).padStart(numberDigits, '0');
  return `tallystick-${book.slice(0, idDigits)}-${device.slice(0, idDigits)}-${digits}-${kind}.age`;
}

/** Undefined for the name of anything else. */
export function parsePartName(name: string): PartName | undefined {
  const [, book, device, number, kind] = nameForm.exec(name) ?? [];
  if (book === undefined || device === undefined) return undefined;
  return { book, device, number: Number(number), kind: kind as PartKind };
}

/** Whether a file bears the name of a part of this device, and of this book where one is named. The digits of a name are fewer than those of the ids. */
export function isPartOf(
  name: string,
  { book, device }: { readonly book?: BookId | undefined; readonly device: DeviceId },
): boolean {
  const part = parsePartName(name);
  return part !== undefined && device.startsWith(part.device) && (book === undefined || book.startsWith(part.book));
}

/** A place in memory, for tests and for what a page hands to a person or takes from one. */
export function memoryPlace(name = 'memory', files: Map<string, Uint8Array> = new Map()): BackupPlace {
  return {
    name,
    list: async () => [...files.keys()],
    load: async (file) => files.get(file),
    save: async (file, bytes) => void files.set(file, bytes.slice()),
    drop: async (file) => void files.delete(file),
  };
}
