// What a page of the home relay's log adds to the copy that is kept here (docs/spec/relay.md, "Federation"). Its tree was checked by the follower. Who may write is
// not judged a second time: the copy has what the home relay has, or it is none.
import { createTree, leafHash } from '@tallystick/chain';
import { type BookId, type DeviceId, encodeHex, type OpRecord, type RootHash, type Scope } from '@tallystick/oplog';
import { createRecordVerifier, type Ed25519 } from '@tallystick/sign';
import { type Roster, rosterVerbs } from '@tallystick/sign/roster';
import type { Hasher } from '@tallystick/chain';
import { RelayError } from './errors.ts';
import type { FollowedPage } from './follower.ts';
import type { Batch, ChainState, RelayStore, RosterEntry } from './store.ts';
import { growTiles } from './tiles.ts';

export interface FollowedLog {
  readonly store: RelayStore;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  readonly book: BookId;
  readonly scope: Scope;
  /** Takes notice of the page; forget it where the batch is not stored. */
  readonly roster: Roster;
}

export interface FollowedBatch {
  readonly batch: Batch;
  /** Ops whose author nobody has let in as far as is known here, so that their signature says nothing. */
  readonly unverified: number;
}

/** Throws `relay/bad-signature` where a stretch of a known device does not end in its signature: no honest relay stores that. */
export async function openFollowedBatch(log: FollowedLog, { from, records }: FollowedPage): Promise<FollowedBatch> {
  const { store, hasher, book, scope } = log;
  const tree = createTree(hasher, await store.log(book, scope));
  const leaves = records.map(({ bytes }) => leafHash(bytes, hasher));
  for (const leaf of leaves) tree.append(leaf);
  const devices = new Set(records.map(({ op }) => op.device));
  const chains = new Map<DeviceId, ChainState>(await store.chains(book, scope, devices));
  const enrolments: RosterEntry[] = [];
  const verify = createRecordVerifier({ book, ed25519: log.ed25519, publicKeyOf: log.roster.publicKeyOf });
  let unverified = 0;
  for (const [index, record] of records.entries()) {
    const { op, keyId } = record;
    const isFork = extendChain(chains, record);
    const isOwnGenesis = op.prev === undefined;
    if (isOwnGenesis) noteEnrolment(log.roster, record, from + index, isFork, enrolments);
    if (endsRun(record, records[index + 1])) {
      const isKnown = log.roster.publicKeyOf(keyId, op.device) !== undefined;
      if (!isKnown) unverified += 1;
      else if (!(await verify(record)))
        throw new RelayError(
          'relay/bad-signature',
          `position ${from + index} of ${scope} is not signed by ${op.device}`,
        );
    }
    if (!isOwnGenesis) noteEnrolment(log.roster, record, from + index, isFork, enrolments);
  }
  const root = encodeHex(tree.root()) as RootHash;
  const batch: Batch = {
    book,
    scope,
    from,
    entries: records.map(({ op, hash, bytes }) => ({ hash, device: op.device, seq: op.seq, bytes })),
    state: { size: tree.size, frontier: tree.frontier(), root },
    chains,
    tiles: await growTiles(from, leaves, (level, index) => store.tile(book, scope, level, index), hasher),
    enrolments,
    // Nobody is granted anything here.
    claims: [],
  };
  return { batch, unverified };
}

/** Whether the record is off the branch that counts, the one that was positioned first. */
function extendChain(chains: Map<DeviceId, ChainState>, { op, hash }: OpRecord): boolean {
  const chain = chains.get(op.device);
  const isMain = chain === undefined ? op.seq === 1 : op.prev === chain.hash && op.seq === chain.seq + 1;
  const { forks = 0, late = 0 } = chain ?? {};
  if (isMain) chains.set(op.device, { seq: op.seq, hash, forks, late });
  else chains.set(op.device, { ...(chain ?? { seq: op.seq, hash }), forks: forks + 1, late });
  return !isMain;
}

function endsRun({ op, hash, keyId }: OpRecord, next: OpRecord | undefined): boolean {
  return next === undefined || next.op.prev !== hash || next.op.device !== op.device || next.keyId !== keyId;
}

function noteEnrolment(
  roster: Roster,
  record: OpRecord,
  position: number,
  isFork: boolean,
  enrolments: RosterEntry[],
): void {
  if (!rosterVerbs.has(record.op.verb)) return;
  const applied = roster.apply(record, isFork);
  if (applied.ok || applied.code === 'sign/enrolled') enrolments.push({ position, isFork });
}
