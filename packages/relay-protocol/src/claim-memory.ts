// The second memory of claims (docs/spec/relay.md, "Claims"): this front end's own fold of the log, checked against the log's
// tree as it grows. A token is granted only where the store's index and this fold both say that nobody has it, so that a row
// lost from either is an alarm and not a second grant. About 250 bytes of memory a claim, for the logs in which claims are asked for.
import { createTree, type Hasher, leafHash, openRecord, type Tree } from '@tallystick/chain';
import type { BookId, DeviceId, OpHash, Scope } from '@tallystick/oplog';
import { claimOf } from './claims.ts';
import { RelayError } from './errors.ts';
import type { Holder, LogState, RelayStore } from './store.ts';
import { createTurns } from './turns.ts';

interface LogName {
  readonly book: BookId;
  readonly scope: Scope;
}

export interface ClaimMemory {
  /** Reads on to the log's end, ahead of a claim, so that a claim has little left to read. */
  follow(log: LogName): Promise<void>;
  /**
   * Resolves where this memory agrees with the store that each of the tokens has the given holder, or none, at this state of the log. Throws
   * `relay/claim-alarm` where they differ, or where the log is not the one it was; `relay/conflict` where the log has grown meanwhile.
   */
  check(log: LogName, state: LogState, tokens: Iterable<string>, holders: ReadonlyMap<string, Holder>): Promise<void>;
}

interface Fold {
  readonly tree: Tree;
  /** The last op of each chain, on the branch that counts. */
  readonly heads: Map<DeviceId, OpHash>;
  /** Every op on such a branch that claims the token, in the order of the log. */
  readonly claimants: Map<string, Holder[]>;
}

const opsAtOnce = 500;
const empty: LogState = { size: 0, frontier: [], checkpoint: '' };

export function createClaimMemory(store: RelayStore, hasher: Hasher, maxKept = 64): ClaimMemory {
  const folds = new Map<string, Fold>();
  const turns = createTurns();

  function foldOf(name: string): Fold {
    const fold = folds.get(name) ?? { tree: createTree(hasher, empty), heads: new Map(), claimants: new Map() };
    // The one used longest ago goes first.
    folds.delete(name);
    folds.set(name, fold);
    const [oldest] = folds.keys();
    if (folds.size > maxKept && oldest !== undefined) folds.delete(oldest);
    return fold;
  }

  async function readOn({ book, scope }: LogName, fold: Fold, state: LogState): Promise<void> {
    const { tree } = fold;
    while (tree.size < state.size) {
      const records = await store.records(book, scope, tree.size, Math.min(opsAtOnce, state.size - tree.size));
      if (records.length === 0) throw alarm(scope, `the log of ${state.size} ops breaks off at ${tree.size}`);
      for (const bytes of records) noteRecord(fold, bytes, scope, hasher);
    }
    const isSame = tree.size === state.size && tree.frontier().join() === state.frontier.join();
    if (!isSame) throw alarm(scope, `the ${state.size} ops of the log are not those of its tree, or those it had`);
  }

  async function findDoubt({ book, scope }: LogName, fold: Fold, token: string, holder: Holder | undefined) {
    const claimants = fold.claimants.get(token) ?? [];
    if (
      holder !== undefined &&
      !claimants.some(({ hash, position }) => hash === holder.hash && position === holder.position)
    )
      return `its log does not give the token to ${holder.hash}`;
    for (const { hash, device, position } of claimants) {
      if (holder !== undefined && position >= holder.position) return undefined;
      // Which ops came when their author was revoked is not in this log: of a device that has such ops none is held against the index.
      const chain = (await store.chains(book, scope, [device])).get(device);
      if (chain?.late === 0) return `${hash} claimed it at ${position}, and the index says ${holder?.hash ?? 'nobody'}`;
    }
    return undefined;
  }

  return {
    follow(log) {
      const name = `${log.book} ${log.scope}`;
      return turns.take(name, async () => {
        const state = await store.log(log.book, log.scope);
        if (state !== undefined) await readOn(log, foldOf(name), state);
      });
    },
    check(log, state, tokens, holders) {
      const name = `${log.book} ${log.scope}`;
      return turns.take(name, async () => {
        const fold = foldOf(name);
        const isBehind =
          fold.tree.size > state.size || [...holders.values()].some(({ position }) => position >= state.size);
        const now = isBehind ? await store.log(log.book, log.scope) : state;
        if (isBehind && (now?.size ?? 0) > state.size) throw new RelayError('relay/conflict', 'the log has grown');
        await readOn(log, fold, state);
        for (const token of tokens) {
          const doubt = await findDoubt(log, fold, token, holders.get(token));
          if (doubt !== undefined) throw alarm(log.scope, `token ${token}: ${doubt}`);
        }
      });
    },
  };
}

function noteRecord({ tree, heads, claimants }: Fold, bytes: Uint8Array, scope: Scope, hasher: Hasher): void {
  const opened = openRecord(bytes, hasher);
  if (!opened.ok) throw alarm(scope, `the record at ${tree.size} is none: ${opened.code}`);
  const { op, hash } = opened.value;
  const position = tree.size;
  tree.append(leafHash(bytes, hasher));
  const head = heads.get(op.device);
  // As the gate has it: what does not go on from its chain's head is a fork.
  if (head !== undefined && (op.seq === 1 || op.prev !== head)) return;
  heads.set(op.device, hash);
  const token = claimOf(op);
  if (token === undefined) return;
  const holder = { hash, device: op.device, position };
  const before = claimants.get(token);
  if (before === undefined) claimants.set(token, [holder]);
  else before.push(holder);
}

function alarm(scope: Scope, message: string): RelayError {
  return new RelayError('relay/claim-alarm', `scope ${scope}: ${message}`);
}
