// A customer's wallet: a device with a little book of its own, whose chain says which tokens it claimed. It works without a network and
// without the kernel. docs/spec/token.md, "Claim" and "Presentation".
import { type Hasher, openRecord } from '@tallystick/chain';
import {
  type BookId,
  createIdMint,
  type DeviceId,
  encodeHex,
  type JsonObject,
  type MaybePromise,
  type Op,
  type OpRecord,
  parseScope,
  parseVerbRef,
  type Result,
  type Scope,
  type VerbRef,
} from '@tallystick/oplog';
import { SignError } from './errors.ts';
import type { DeviceKey } from './key-store.ts';
import { bookIdOf, signOp } from './signing.ts';
import { type Claim, claimArgs, claimedToken, claimVerb, presentToken } from './token-claim.ts';
import { parseTokenUrl, refuse, type Token, type TokenHash } from './token-url.ts';

/** What a wallet keeps: an op of its own chain, or a token that it carries. */
export type WalletEntry =
  | { readonly kind: 'record'; readonly bytes: Uint8Array }
  | { readonly kind: 'token'; readonly url: string };

/** Where a wallet keeps it. One wallet at a time may have it open: two would fork its chain. */
export interface WalletStore {
  /** All that was appended, in order. */
  load(): MaybePromise<readonly WalletEntry[]>;
  /** Resolves when the entry is durable. */
  append(entry: WalletEntry): MaybePromise<void>;
}

export interface WalletOptions {
  readonly key: DeviceKey;
  readonly store: WalletStore;
  readonly hasher: Hasher;
  /** Milliseconds since 1970, as the phone believes. */
  now(): number;
  random(count: number): Uint8Array;
}

/** What a wallet shows to a reader; nothing for a bearer token that it never claimed. */
export interface ShownToken {
  readonly claim?: Claim;
  readonly proof?: Uint8Array;
}

export interface Wallet {
  readonly device: DeviceId;
  /** The tokens that it carries, in the order in which they came. */
  carried(): readonly Token[];
  /** Keeps a token, and claims it where it is bound. The same token again is the same answer. Refusals: those of `parseTokenUrl`. */
  carry(url: string): Promise<Result<Token>>;
  /** Claims a token in its own chain. Refusal: `token/claimed` where it did so before; `claimOf` says when, and by which op. */
  claim(token: { readonly hash: TokenHash }): Promise<Result<Claim>>;
  claimOf(token: { readonly hash: TokenHash }): Claim | undefined;
  /**
   * Answers one reader's challenge of 32 bytes, for a token that its holder means to use now. Call it once for each time they say so.
   * Refusal: `token/claim` for a bound token that this wallet did not claim.
   */
  show(token: Token, challenge: Uint8Array): Promise<Result<ShownToken>>;
}

/** Opens a wallet, and its book where the store is empty. Throws `sign/token` for a store that does not hold one chain of this key. */
export async function openWallet(options: WalletOptions): Promise<Wallet> {
  const { key, store, hasher } = options;
  const chain = new WalletChain(options);
  const tokensByHash = new Map<string, Token>();
  for (const entry of await store.load()) {
    if (entry.kind === 'record') chain.take(entry.bytes);
    else keep(tokensByHash, entry.url, hasher);
  }
  await chain.start();
  const claim = async (token: { readonly hash: TokenHash }): Promise<Result<Claim>> => {
    const earlier = chain.claimOf(token);
    if (earlier !== undefined) return refuse('token/claimed', `claimed before with op ${earlier.claim.hash}`);
    return { ok: true, value: await chain.claim(token) };
  };
  const turns = new Turns();
  return {
    device: key.device,
    carried: () => [...tokensByHash.values()],
    claimOf: (token) => chain.claimOf(token),
    claim: (token) => turns.next(() => claim(token)),
    carry: (url) =>
      turns.next(async () => {
        const token = parseTokenUrl(url, hasher);
        if (!token.ok) return token;
        if (!tokensByHash.has(token.value.hash)) await store.append({ kind: 'token', url });
        tokensByHash.set(token.value.hash, token.value);
        if (token.value.kind === 'bound') await claim(token.value);
        return token;
      }),
    async show(token, challenge) {
      const claimed = chain.claimOf(token);
      if (claimed !== undefined)
        return { ok: true, value: { claim: claimed, proof: await presentToken(token, challenge, key) } };
      return token.kind === 'bearer'
        ? { ok: true, value: {} }
        : refuse('token/claim', 'this wallet did not claim the token');
    },
  };
}

function keep(tokensByHash: Map<string, Token>, url: string, hasher: Hasher): void {
  const token = parseTokenUrl(url, hasher);
  if (!token.ok) throw new SignError('sign/token', `the wallet keeps what is no token: ${token.code}`);
  tokensByHash.set(token.value.hash, token.value);
}

/** The chain of the wallet's only device. */
class WalletChain {
  readonly #options: WalletOptions;
  readonly #mint;
  readonly #claimsByToken = new Map<string, OpRecord>();
  #genesis: OpRecord | undefined;
  #head: OpRecord | undefined;

  constructor(options: WalletOptions) {
    this.#options = options;
    this.#mint = createIdMint({ now: () => options.now(), random: (count) => options.random(count) });
  }

  /** Takes the next record of the store. */
  take(bytes: Uint8Array): void {
    const record = openRecord(bytes, this.#options.hasher);
    const { device } = this.#options.key;
    const head = this.#head;
    const follows =
      record.ok &&
      record.value.op.device === device &&
      record.value.op.prev === head?.hash &&
      record.value.op.seq === (head?.op.seq ?? 0) + 1;
    if (!follows) throw new SignError('sign/token', `the wallet's store is not one chain of device ${device}`);
    this.#add(record.value);
  }

  async start(): Promise<void> {
    if (this.#head !== undefined) return;
    const { key } = this.#options;
    await this.#append('book.open@1', { key: encodeHex(key.publicKey), name: 'Wallet', verbs: [claimVerb] });
  }

  claimOf({ hash }: { readonly hash: TokenHash }): Claim | undefined {
    const claim = this.#claimsByToken.get(hash);
    return claim === undefined || this.#genesis === undefined ? undefined : { wallet: this.#genesis, claim };
  }

  async claim(token: { readonly hash: TokenHash }): Promise<Claim> {
    const claim = await this.#append(claimVerb, claimArgs(token));
    return { wallet: this.#genesis as OpRecord, claim };
  }

  /** Durable before anybody learns of it: an op that was shown and forgotten would fork the chain. */
  async #append(verb: string, args: JsonObject): Promise<OpRecord> {
    const { key, store, hasher, now } = this.#options;
    const head = this.#head;
    const op: Op = {
      args,
      at: now(),
      device: key.device,
      id: this.#mint.mint(),
      ...(head === undefined ? {} : { prev: head.hash }),
      scope: parseScope('hq') as Scope,
      seq: (head?.op.seq ?? 0) + 1,
      verb: parseVerbRef(verb) as VerbRef,
    };
    const record = await signOp(op, key, this.#book(), hasher);
    await store.append({ kind: 'record', bytes: record.bytes });
    this.#add(record);
    return record;
  }

  #book(): BookId | undefined {
    return this.#genesis === undefined ? undefined : bookIdOf(this.#genesis.hash);
  }

  #add(record: OpRecord): void {
    this.#genesis ??= record;
    this.#head = record;
    this.#mint.observe(record.op.id);
    const token = claimedToken(record);
    if (token !== undefined && !this.#claimsByToken.has(token)) this.#claimsByToken.set(token, record);
  }
}

/** One thing after the other, so that no two ops are written on one place. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
