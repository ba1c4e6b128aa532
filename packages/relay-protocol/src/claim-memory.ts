// The second memory of claims (docs/spec/relay.md, "Claims"): this front end's own fold of the log, checked against the log's
// tree as it grows. A token is granted only where the store's index and this fold both say that nobody has it, so that a row
// lost from either is an alarm and not a second grant. It is kept
// for the logs in which claims were asked for last.
import { createTree, type Hasher, leafHash, openRecord, type Tree } from '@tallystick/chain';
import type { BookId, Scope } from '@tallystick/oplog';
import { type ClaimFold, createClaimFold } from './claims.ts';
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
  check(log: LogName, state: LogSize, tokens: Iterable<string>, holders: ReadonlyMap<string, Holder>): Promise<void>;
}

/** How far the log reaches, and with which content. */
type LogSize = Pick<LogState, 'size' | 'frontier'>;

interface Memory {
  readonly tree: Tree;
  readonly claims: ClaimFold;
}

const opsAtOnce = 500;
const empty: LogSize = { size: 0, frontier: [] };

export function createClaimMemory(store: RelayStore, hasher: Hasher, maxKept = 64): ClaimMemory {
  const memories = new Map<string, Memory>();
  const turns = createTurns();

  function memoryOf(name: string): Memory {
    const memory = memories.get(name) ?? { tree: createTree(hasher, empty), claims: createClaimFold() };
    // The one used longest ago goes first.
    memories.delete(name);
    memories.set(name, memory);
    const [oldest] = memories.keys();
    if (memories.size > maxKept && oldest !== undefined) memories.delete(oldest);
    return memory;
  }

  async function readOn({ book, scope }: LogName, memory: Memory, state: LogSize): Promise<void> {
    const { tree } = memory;
    while (tree.size < state.size) {
      const records = await store.records(book, scope, tree.size, Math.min(opsAtOnce, state.size - tree.size));
      if (records.length === 0) throw alarm(scope, `the log of ${state.size} ops breaks off at ${tree.size}`);
      for (const bytes of records) noteRecord(memory, bytes, scope, hasher);
    }
    const isSame = tree.size === state.size && tree.frontier().join() === state.frontier.join();
    if (!isSame) throw alarm(scope, `the ${state.size} ops of the log are not those of its tree, or those it had`);
  }

  async function findDoubt(
    { book, scope }: LogName,
    memory: Memory,
    token: string,
    holder: Holder | undefined,
  ): Promise<string | undefined> {
    const claimants = memory.claims.claimantsOf(token);
    if (
      holder !== undefined &&
      !claimants.some(({ hash, position }) => hash === holder.hash && position === holder.position)
    )
      return `its log does not give the token to ${holder.hash}`;
    for (const { hash, device, position } of claimants) {
      if (holder !== undefined && position >= holder.position) return undefined;
      // Which ops came when their author was revoked is not in this log: of a device that has such ops none is held against the index.
      const chain = (await store.chains(book, scope, [device])).get(device);
      if ((chain?.late ?? 0) === 0)
        return `${hash} claimed it at ${position}, and the index says ${holder?.hash ?? 'nobody'}`;
    }
    return undefined;
  }

  return {
    follow(log) {
      const name = `${log.book} ${log.scope}`;
      return turns.take(name, async () => {
        const state = await store.log(log.book, log.scope);
        if (state !== undefined) await readOn(log, memoryOf(name), state);
      });
    },
    check(log, state, tokens, holders) {
      const name = `${log.book} ${log.scope}`;
      return turns.take(name, async () => {
        const memory = memoryOf(name);
        const isBehind =
          memory.tree.size > state.size || [...holders.values()].some(({ position }) => position >= state.size);
        const now = isBehind ? await store.log(log.book, log.scope) : state;
        if (isBehind && (now?.size ?? 0) > state.size) throw new RelayError('relay/conflict', 'the log has grown');
        await readOn(log, memory, state);
        for (const token of tokens) {
          const doubt = await findDoubt(log, memory, token, holders.get(token));
          if (doubt !== undefined) throw alarm(log.scope, `token ${token}: ${doubt}`);
        }
      });
    },
  };
}

function noteRecord({ tree, claims }: Memory, bytes: Uint8Array, scope: Scope, hasher: Hasher): void {
  const opened = openRecord(bytes, hasher);
  if (!opened.ok) throw alarm(scope, `the record at ${tree.size} is none: ${opened.code}`);
  tree.append(leafHash(bytes, hasher));
  claims.note(opened.value);
}

function alarm(scope: Scope, message: string): RelayError {
  return new RelayError('relay/claim-alarm', `scope ${scope}: ${message}`);
}
