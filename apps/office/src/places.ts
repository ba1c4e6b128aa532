// Every place where there may be something of a person, from what the log and the directory know: what can be searched from here is, by its raw bytes, and of the
// rest it is said who must see to it.
import type { ErasureStanding } from '@tallystick/kernel/subjects';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ShopBook } from './book.ts';
import { openPlace, type PlaceSettings, readBackupSettings } from './backup-settings.ts';
import { listDevices } from './device-text.ts';
import { type Home, readSettings } from './home.ts';
import { findNamedInClear, maxShown } from './named-in-clear.ts';
import { holdsOne, searchRaw } from './raw-search.ts';
import { readWritten, type Written } from './written.ts';

export type PlaceKind =
  | 'replica'
  | 'directory'
  | 'books'
  | 'relay'
  | 'mirror'
  | 'backup'
  | 'export'
  | 'access'
  | 'telemetry';

/** `clean` and `found`: its raw bytes were searched. `acknowledged`: its device has signed that it destroyed its keys. `open`: somebody must still see to it. `look`: words of a name stand
 * there in the clear, and a person says whether it is theirs. */
export type PlaceState = 'clean' | 'found' | 'look' | 'acknowledged' | 'open' | 'gone' | 'sealed';

export interface Place {
  readonly kind: PlaceKind;
  readonly where: string;
  readonly state: PlaceState;
  /** What there is, and who sees to it. */
  readonly words: string;
  readonly found: readonly string[];
}

export interface PlacesOptions {
  readonly book: ShopBook;
  readonly home: Home;
  readonly erasure: ErasureStanding | undefined;
  /** What must not be found; none before it is known what to look for. */
  readonly needles: readonly Buffer[];
  /** Names that are looked for in the clear texts of ops; none before they are known. */
  readonly names?: readonly string[];
}

/** In the order in which people go through them. */
export async function findPlaces(options: PlacesOptions): Promise<readonly Place[]> {
  const { home, needles } = options;
  return [
    await searched(
      'directory',
      resolve(home.root),
      needles,
      'databases, keys, snapshots and, where it is here, the relay',
    ),
    await booksPlace(options),
    ...relayPlaces(options),
    ...(await Promise.all(readBackupSettings(home).places.map((settings) => backupPlace(settings, needles)))),
    ...(await Promise.all(readWritten(home).map((written) => writtenPlace(written, needles)))),
    ...replicaPlaces(options),
    {
      kind: 'telemetry',
      where: 'logs, metrics and traces',
      state: 'sealed',
      words: 'ids, counts and times; no text of an op goes there',
      found: [],
    },
  ];
}

/** What stands in an op stands there for ever: a name that somebody wrote as a code or in a memo can be found, and not taken away. */
async function booksPlace({ book, names = [] }: PlacesOptions): Promise<Place> {
  const place = {
    kind: 'books',
    where: 'texts in the clear: codes, memos, what things are called',
    found: [],
  } as const;
  const found = await findNamedInClear(book, names);
  if (found === undefined) return { ...place, state: 'open', words: 'no name was looked for' };
  const isWhole = book.log.scopes().every((scope) => book.log.base(scope).size === 0);
  if (found.length === 0 && isWhole)
    return { ...place, state: 'clean', words: 'no op says the name, or a word of it of three letters or more' };
  if (found.length === 0)
    return {
      ...place,
      state: 'open',
      words:
        'no op here says the name, or a word of it of three letters or more; those in archives were not looked through',
    };
  const words = 'a word of the name stands there for ever; whether it is this person’s somebody must see';
  const most = found.length < maxShown ? '' : `; no more than ${maxShown} are shown`;
  return { ...place, state: 'look', words: `${words}${most}`, found };
}

async function searched(kind: PlaceKind, where: string, needles: readonly Buffer[], holds: string): Promise<Place> {
  if (needles.length === 0) return { kind, where, state: 'open', words: `${holds}; not searched`, found: [] };
  const { files, found, unread } = await searchRaw(where, needles);
  const also = unread.length === 0 ? '' : `; ${unread.length} could not be read, or are links that were not followed`;
  const state = found.length > 0 ? 'found' : unread.length > 0 ? 'open' : 'clean';
  return { kind, where, state, words: `${holds}; ${files} files searched${also}`, found };
}

function relayPlaces({ book, home }: PlacesOptions): Place[] {
  const relay = readSettings(home)?.relay;
  const replaced = book
    .query('SELECT DISTINCT replaced FROM relayAppointments_history')
    .map((row) => String(row['replaced']))
    .filter((vkey) => vkey !== book.status().relayKey);
  const before = replaced.map((where): Place => {
    const words =
      'another relay took its place, and no key is deleted there any more: whoever ran it throws its key store away';
    return { kind: 'relay', where, state: 'open', words, found: [] };
  });
  if (relay?.kind !== 'url') return before;
  const words =
    'sealed texts; wrapped keys are deleted by the erasure, and whoever runs it throws copies of its key store away';
  return [{ kind: 'relay', where: relay.url, state: 'sealed', words, found: [] }, ...before];
}

/** What is in a bucket is fetched to be searched: all of it, for a name may lie beside the backups. Of a mailbox it is what backups came as; whose the other mail is nobody here knows. */
async function backupPlace(settings: PlaceSettings, needles: readonly Buffer[]): Promise<Place> {
  const beside = settings.kind === 'mailbox' ? '; of other mail nothing was looked at' : '';
  const holds = `backups of the book: sealed texts in sealed files, and no key${beside}`;
  if (settings.kind === 'folder' && existsSync(settings.path)) return searched('backup', settings.path, needles, holds);
  const place = openPlace(settings);
  const sealed = { kind: 'backup', where: place.name, state: 'sealed', words: holds, found: [] } as const;
  if (settings.kind === 'folder' || needles.length === 0) return sealed;
  const found: string[] = [];
  let names: readonly string[] = [];
  let read = 0;
  let lacks = '';
  try {
    names = await place.list();
    for (const name of names) {
      const bytes = await place.load(name);
      if (bytes === undefined) continue;
      read += 1;
      if (await holdsOne(bytes, needles)) found.push(name);
    }
  } catch {
    lacks = '; it does not answer any more';
  }
  if (lacks !== '' && read === 0) return { ...sealed, words: `${holds}; it does not answer, so it was not searched` };
  // What was found stays found, and what was not searched is not clean.
  const isWhole = read === names.length;
  const words = `${holds}${lacks}; ${isWhole ? read : `${read} of ${names.length}`} files searched`;
  return { ...sealed, state: found.length > 0 ? 'found' : isWhole ? 'clean' : 'sealed', words, found: found.sort() };
}

async function writtenPlace({ kind, path, at }: Written, needles: readonly Buffer[]): Promise<Place> {
  const of = `${{ export: 'an export', mirror: 'a mirror', access: 'what was handed out of a person' }[kind]} of ${new Date(at).toISOString().slice(0, 10)}`;
  if (existsSync(path)) return searched(kind, path, needles, of);
  return {
    kind,
    where: path,
    state: 'gone',
    words: `${of}, not there any more; whoever took it sees to it`,
    found: [],
  };
}

/** Each device with its browser's or its own disk; other copies, such as a photograph, are beyond it. */
function replicaPlaces({ book, erasure }: PlacesOptions): Place[] {
  const acknowledged = new Map((erasure?.acknowledged ?? []).map((one) => [one.device, one]));
  const outstanding = new Set((erasure?.outstanding ?? []).map(({ device }) => device));
  return listDevices(book).flatMap(({ device, name, role, status }): Place[] => {
    const said = acknowledged.get(device);
    const where = `${name} (${role}, ${device.slice(0, 8)})`;
    const place = { kind: 'replica', where, found: [] } as const;
    if (said !== undefined)
      return [{ ...place, state: 'acknowledged', words: `destroyed its keys on ${said.day}, by op ${said.op}` }];
    if (erasure !== undefined && !outstanding.has(device)) return [];
    const words =
      status === 'active'
        ? 'sealed texts, and the key if it may read; it acknowledges at its next contact'
        : 'revoked, and cannot acknowledge: whoever has it may still read';
    return [{ ...place, state: 'open', words }];
  });
}
