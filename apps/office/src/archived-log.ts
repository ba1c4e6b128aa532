// Ops that went from the log of a directory into archives, read back beside it: what they say of a person, and where an order and its acknowledgements stood. Only ops
// that make up the tree of the log before its first op count, whoever hands in the files.
import { createTree, leafHash } from '@tallystick/chain';
import type { SubjectBook } from '@tallystick/kernel/subjects';
import { openRecords, parseHeader } from '@tallystick/kernel/backup';
import type { OpHash, OpRecord, Scope, StoredRecord } from '@tallystick/oplog';
import { decodeBundle } from '@tallystick/oplog/transport';
import { setImmediate } from 'node:timers/promises';
import { archivedFiles } from './drop-archived.ts';
import { openPlace, placeSettings } from './backup-settings.ts';
import { type ShopBook, shopCrypto } from './book.ts';
import { type CommandContext, usage } from './command.ts';
import { readIdentity } from './key-files.ts';

export interface ArchivedLog {
  /** By scope of which every op before the log here was found, those that were asked for, in the order of their positions. */
  readonly recordsByScope: ReadonlyMap<Scope, readonly OpRecord[]>;
  get(hash: OpHash): StoredRecord | undefined;
}

export const archiveOptions = {
  archives: { type: 'string', value: 'PLACE', help: 'where the ops are that went from here (tally archive --drop)' },
  identity: { type: 'string', value: 'FILE', help: 'what opens them' },
} as const;

/** The book files in the place that a command names; none where it names none. */
export async function askedArchives(
  context: Pick<CommandContext, 'path' | 'text'>,
  command: string,
): Promise<readonly Uint8Array[]> {
  const [place, identity] = [context.text('archives'), context.text('identity')];
  if ((place === undefined) !== (identity === undefined))
    throw usage('--archives needs --identity, and the other way', command);
  if (place === undefined || identity === undefined) return [];
  const opener = { kind: 'organisation', identity: readIdentity(context.path(identity)) } as const;
  return archivedFiles(openPlace(placeSettings(place)), [opener]);
}

/** Orders, acknowledgements, and the enrolments that they are judged by. */
export function isOfErasure({ op }: OpRecord): boolean {
  return /^(?:device|subject)\./.test(op.verb);
}

/** Those, and whatever names the subject, as each envelope does. */
export function isAbout(subject: string): (record: OpRecord) => boolean {
  return (record) => isOfErasure(record) || Buffer.from(record.bytes).includes(subject);
}

/** A page of ops at a time: whoever else this process answers is answered meanwhile. */
export async function readArchived(
  book: Pick<ShopBook, 'id' | 'log'>,
  files: readonly Uint8Array[],
  isWanted: (record: OpRecord) => boolean,
): Promise<ArchivedLog> {
  const stretches: Stretch[] = [];
  for (const file of files) stretches.push(...(await stretchesOf(file, book.id, isWanted)));
  stretches.sort((a, b) => a.from - b.from);
  const recordsByScope = new Map<Scope, readonly OpRecord[]>();
  const stored = new Map<OpHash, StoredRecord>();
  for (const scope of book.log.scopes()) {
    const { size, frontier } = book.log.base(scope);
    const tree = createTree(shopCrypto.hasher);
    const found: StoredRecord[] = [];
    let next = 0;
    for (const { from, leaves, wanted } of stretches.filter((one) => one.scope === scope)) {
      if (from > next) break;
      const until = Math.min(size, from + leaves.length);
      for (const leaf of leaves.slice(next - from, Math.max(0, until - from))) tree.append(leaf);
      found.push(...wanted.filter(({ position }) => position >= next && position < until));
      next = Math.max(next, until);
    }
    if (size === 0 || next < size || tree.frontier().join() !== frontier.join()) continue;
    recordsByScope.set(
      scope,
      found.map(({ record }) => record),
    );
    for (const one of found) stored.set(one.record.hash, one);
  }
  return { recordsByScope, get: (hash) => stored.get(hash) };
}

/** The book with the ops of its archives in its log, for who certifies an erasure or checks a certificate. */
export function withArchived(book: ShopBook, archived: ArchivedLog): SubjectBook {
  const { log } = book;
  return {
    id: book.id,
    device: book.device,
    query: (sql, params) => book.query(sql, params),
    commit: (verb, args, options) => book.commit(verb, args, options),
    log: {
      get: async (hash) => (await log.get(hash)) ?? archived.get(hash),
      base: (scope) => log.base(scope),
      tip: (scope) => log.tip(scope),
      scopes: () => log.scopes(),
      pending: (scope) => log.pending(scope),
    },
  };
}

/** Settled ops of one scope in a file, without a gap. */
interface Stretch {
  readonly scope: Scope;
  readonly from: number;
  readonly leaves: readonly ReturnType<typeof leafHash>[];
  readonly wanted: readonly { readonly record: OpRecord; readonly position: number }[];
}

const pageOps = 1_000;

async function stretchesOf(
  file: Uint8Array,
  book: string,
  isWanted: (record: OpRecord) => boolean,
): Promise<readonly Stretch[]> {
  const { header, offset } = parseHeader(file);
  if (header.book !== book) return [];
  const leaves = new Map(header.scopes.map(({ scope }): [Scope, Stretch['leaves'][number][]] => [scope, []]));
  const wanted = new Map(header.scopes.map(({ scope }): [Scope, Stretch['wanted'][number][]] => [scope, []]));
  const starts = new Map(header.scopes.map((range) => [range.scope, range]));
  const { frames } = decodeBundle(file.subarray(offset));
  for (let at = 0; at < frames.length; at += pageOps) {
    for (const record of openRecords(frames.slice(at, at + pageOps), shopCrypto.hasher).records) {
      const { scope } = record.op;
      const [range, own] = [starts.get(scope), leaves.get(scope)];
      if (range === undefined || own === undefined || own.length >= range.size - range.from) continue;
      if (isWanted(record)) wanted.get(scope)?.push({ record, position: range.from + own.length });
      own.push(leafHash(record.bytes, shopCrypto.hasher));
    }
    await setImmediate();
  }
  return header.scopes.map(({ scope, from }) => ({
    scope,
    from,
    leaves: leaves.get(scope) ?? [],
    wanted: wanted.get(scope) ?? [],
  }));
}
