/** The write path of a book: requests become ops of its device, stored in one transaction, and each answers how far it has come since. */
import type { OpHash } from '@tallystick/oplog';
import { loadActs } from './acts.ts';
import { mustBe } from './asked.ts';
import { retryAsides } from './asides.ts';
import { loadSeldom } from './parts.ts';
import type { CommitRequest, NotCommitted, Written } from './author.ts';
import { builtinVerbs, deviceEnroll } from './builtin.ts';
import type { Commit, Committed, Stage } from './commit.ts';
import { platformEdge } from './edge.ts';
import { HQ } from './genesis.ts';
import type { OpenedBook } from './opened-book.ts';

/** Names of the kernel's own verbs. */
const ACTS: ReadonlySet<string> = new Set(builtinVerbs.map(({ name }) => name));
const RANK: Readonly<Record<Stage, number>> = { local: 0, durable: 1, settled: 2 };

export class Writing {
  readonly #book: OpenedBook;
  /** Whether the write under way has stored an op: a mark may be, where all that was asked for is refused. */
  #hasStored = false;
  #isAnchored = false;
  #writesSoon = false;
  /** Resolves after the last commit that waits for the code of the kernel's own verbs, or behind one that does. */
  turns: Promise<unknown> | undefined;

  constructor(book: OpenedBook) {
    this.#book = book;
  }

  async commit(requests: readonly CommitRequest[]): Promise<Commit[]> {
    const { own, options } = this.#book;
    this.#book.mustBeOpen();
    mustBe(nameVerbs(requests), 'verbs');
    const isPlain = !requests.some(({ verb }) => ACTS.has(verb.split('@', 1)[0] as string));
    const turn = this.#turn(isPlain);
    if (turn !== undefined) await turn;
    const work = async (): Promise<(Written | NotCommitted)[]> => {
      const written = await this.#store(() => own.author.write(requests, options.scope ?? HQ));
      // Ops of a device may have come before the op that enrols it.
      if (requests.some(({ verb }) => verb.startsWith(deviceEnroll.name))) {
        // What is committed stays so; what was held back is looked at again by the next sync or opening.
        await retryAsides(this.#book).catch(() => undefined);
      }
      return written;
    };
    return this.#write(work, requests.length, isPlain);
  }

  /** Commits come in the order in which they were asked for, also where one of them has to load that code; nobody waits where it is here. */
  #turn(isPlain: boolean): Promise<unknown> | undefined {
    const before = this.turns;
    const turn = isPlain ? before : before === undefined ? loadActs() : before.then(loadActs);
    if (!(turn instanceof Promise)) return undefined;
    const turns = turn
      .catch(() => undefined)
      .then(() => {
        if (this.turns === turns) this.turns = undefined;
      });
    this.turns = turns;
    return turn;
  }

  /** One answer for each scope that enrolled this device. */
  async rotate(): Promise<Commit[]> {
    const { replica, own } = this.#book;
    const { rotateKey } = await loadSeldom();
    return this.#write(() => rotateKey(replica, own, (work) => this.#store(work)), 1);
  }

  /** Where an op stands; undefined for one that is not stored here. */
  async stage(hash: OpHash): Promise<Stage | undefined> {
    this.#book.mustBeOpen();
    const { log } = this.#book.replica;
    const stored = await log.get(hash);
    if (stored === undefined) return undefined;
    if (stored.position !== undefined) return 'settled';
    return log.receiptPosition(hash) === undefined ? 'local' : 'durable';
  }

  /** Runs the author in a transaction. Where the log is a file of its own, what it made durable was committed, whatever the rows came to. */
  async #store(work: () => Promise<(Written | NotCommitted)[]>): Promise<(Written | NotCommitted)[]> {
    const { replica, own } = this.#book;
    let written: (Written | NotCommitted)[] = [];
    try {
      await replica.transaction(async () => {
        written = await work();
      }, true);
    } catch (error) {
      if (!replica.hasKept(written.flatMap((answer) => (answer.ok ? [answer.record.hash] : [])))) throw error;
    }
    if (own.author.noteStored()) this.#hasStored = true;
    return written;
  }

  /** Runs what writes `count` ops, alone, once this device knows its own last op. */
  async #write(work: () => Promise<(Written | NotCommitted)[]>, count: number, isPlain = false): Promise<Commit[]> {
    this.#book.mustBeOpen();
    const { replica, own, changes } = this.#book;
    const { answers, isNews } = await replica.exclusive(async () => {
      this.#hasStored = false;
      // Once anchored, always anchored.
      this.#isAnchored ||= !this.#book.isUnanchored;
      if (this.#isAnchored) return { answers: await work(), isNews: this.#hasStored };
      const refusal: NotCommitted = { ok: false, code: 'kernel/unanchored', details: { device: own.id } };
      return { answers: Array.from({ length: count }, () => refusal), isNews: false };
    });
    if (isNews) changes.emit({ kind: 'commit' }, isPlain);
    this.#writeSoon();
    return answers.map((answer) => (answer.ok ? this.#committed(answer) : answer));
  }

  /** Who reads the database beside this program sees the rows of a commit soon after it, too. */
  #writeSoon(): void {
    const { replica, options } = this.#book;
    const { later } = options.edge ?? platformEdge;
    if (later === undefined || this.#writesSoon || !replica.transactions.holdsRows) return;
    this.#writesSoon = true;
    const write = async (): Promise<void> => {
      this.#writesSoon = false;
      if (!this.#book.isClosed) replica.transactions.writeHeld();
    };
    // What fails here is tried again, and said, by the next commit or read.
    later(() => void replica.exclusive(write).catch(() => undefined));
  }

  #committed({ record: { op, hash }, correction }: Written): Committed {
    const { id, scope } = op;
    const stage = async (): Promise<Stage> => (await this.stage(hash)) ?? 'local';
    return { ok: true, id, hash, scope, correction, stage, reached: (wanted) => this.#reached(stage, wanted) };
  }

  async #reached(stage: () => Promise<Stage>, wanted: Stage): Promise<void> {
    const isThere = async (): Promise<boolean> => RANK[await stage()] >= RANK[wanted];
    if (await isThere()) return;
    await new Promise<void>((resolve, reject) => {
      const stop = this.#book.changes.subscribe(() => {
        isThere().then((there) => {
          if (!there) return;
          stop();
          resolve();
        }, reject);
      });
    });
  }
}

function nameVerbs(requests: unknown): boolean {
  const namesOne = (request: { readonly verb?: unknown } | null | undefined): boolean =>
    typeof request?.verb === 'string';
  return Array.isArray(requests) && requests.every(namesOne);
}
