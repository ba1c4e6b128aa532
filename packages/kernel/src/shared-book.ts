/**
 * One book for every tab of a browser: the worker that has the log serves it on a broadcast channel, and pages, also of other tabs, use it from
 * there. When the serving tab closes, another's worker goes on with the log; pages notice a pause.
 */
import { encodeHex, type OpHash } from '@tallystick/oplog';
import type { NotCommitted } from './author.ts';
import type { Book } from './book.ts';
import type { Commit, Committed, Stage, TypedRequest, VerbArgs, VerbName } from './commit.ts';
import type { BookStatus, Change, PendingOp } from './status.ts';
import type { SqlValue } from './driver.ts';
import { platformEdge } from './edge.ts';
import { KernelError, type KernelErrorCode } from './errors.ts';
import type { Verb } from './verb.ts';
import { onlyOthers } from './watch.ts';

/** Functions of your own that run beside the book, such as an exchange with the relay. Arguments and answers are copied from tab to tab. */
export type ServedActions = Readonly<Record<string, (...args: never[]) => unknown>>;

/** As `Committed`, without its functions; see `RemoteBook.stage`. */
export type RemoteCommit = Omit<Committed, 'stage' | 'reached'> | NotCommitted;

/**
 * A book that is served elsewhere. Every call waits until some tab serves it. A call that writes and whose tab is gone before it answered is rejected
 * with `kernel/writer-gone`: look whether it was done before you try again. One whose arguments cannot be copied to another tab is rejected with
 * `kernel/not-cloneable`, and nothing was done.
 */
export interface RemoteBook<V extends readonly Verb[], A extends ServedActions> {
  commit<N extends VerbName<V>>(verb: N, args: VerbArgs<V, N>): Promise<RemoteCommit>;
  commitAll(requests: readonly TypedRequest<V>[]): Promise<readonly RemoteCommit[]>;
  query<Row extends object = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params?: readonly SqlValue[],
  ): Promise<readonly Row[]>;
  /** Calls back with the rows of a query, and after every change that made them others. Resolves, after the first time, with how to stop. */
  watch<Row extends object = Readonly<Record<string, SqlValue>>>(
    sql: string,
    params: readonly SqlValue[],
    listener: (rows: readonly Row[]) => void,
  ): Promise<() => void>;
  status(): Promise<BookStatus>;
  pendingOps(): Promise<readonly PendingOp[]>;
  stage(hash: OpHash): Promise<Stage | undefined>;
  /** Keeps the rows for the next opening; see `Book.saveImage`. Call when the page goes dark. */
  saveImage(): Promise<boolean>;
  /** Runs one of the actions it is served with. */
  call<N extends keyof A & string>(action: N, ...args: Parameters<A[N]>): Promise<Awaited<ReturnType<A[N]>>>;
  /** Calls back after every change, and when another tab has gone on with the book. Returns how to stop. */
  subscribe(listener: (change: Change | { readonly kind: 'opened' }) => void): () => void;
  close(): void;
}

/** Calls that may be asked again of another tab. */
const reads: ReadonlySet<string> = new Set(['query', 'status', 'pendingOps', 'stage', 'saveImage']);

interface Call {
  readonly kind: 'call';
  readonly id: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Message =
  | { readonly kind: 'who' }
  | { readonly kind: 'here'; readonly session: string }
  | { readonly kind: 'gone'; readonly session: string }
  | { readonly kind: 'change'; readonly change: Change }
  | (Call & { readonly session: string })
  | { readonly kind: 'answer'; readonly id: string; readonly value: unknown }
  | { readonly kind: 'fault'; readonly id: string; readonly code: string; readonly message: string };

/** Serves the book to every tab until it is told to stop; the book stays open. Call in the worker that has the log. */
export function serveBook<V extends readonly Verb[]>(
  book: Book<V>,
  name: string,
  actions: ServedActions = {},
): () => void {
  const channel = new BroadcastChannel(channelOf(name));
  const session = newId();
  let isStopped = false;
  const send = (message: Message): void => {
    if (!isStopped) channel.postMessage(message);
  };
  const served: ServedActions = {
    ...Object.fromEntries(Object.entries(actions).map(([action, run]) => [`action ${action}`, run])),
    commit: async (verb: never, args: never) => plain(await book.commit(verb, args)),
    commitAll: async (requests: never) => (await book.commitAll(requests)).map(plain),
    query: (sql: string, params: readonly SqlValue[]) => book.query(sql, params),
    status: () => book.status(),
    pendingOps: () => book.pendingOps(),
    stage: (hash: OpHash) => book.stage(hash),
    saveImage: () => book.saveImage(),
  };

  async function answer({ id, name: called, args }: Call): Promise<void> {
    try {
      if (!Object.hasOwn(served, called)) throw new KernelError('kernel/closed', `"${called}" is not served here`);
      send({ kind: 'answer', id, value: await served[called]?.(...(args as never[])) });
    } catch (error) {
      send({ kind: 'fault', id, code: codeOf(error), message: error instanceof Error ? error.message : String(error) });
    }
  }

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'who') send({ kind: 'here', session });
    else if (data.kind === 'call' && data.session === session) void answer(data);
  };
  const stop = book.subscribe((change) => send({ kind: 'change', change }));
  send({ kind: 'here', session });
  return () => {
    stop();
    send({ kind: 'gone', session });
    isStopped = true;
    channel.close();
  };
}

interface Waiting extends Call {
  /** Whom it was sent to; undefined while nobody serves. */
  sentTo: string | undefined;
  resolve(value: never): void;
  reject(error: Error): void;
}

/** The book that some tab of this origin serves as `name`. Works in pages and workers. */
export function connectBook<V extends readonly Verb[], A extends ServedActions = ServedActions>(
  name: string,
): RemoteBook<V, A> {
  const channel = new BroadcastChannel(channelOf(name));
  const client = newId();
  const waitingById = new Map<string, Waiting>();
  const listeners = new Set<(change: Change | { readonly kind: 'opened' }) => void>();
  let lastSession = '';
  let calls = 0;

  /** A call is sent when somebody has just said that it serves, so none is lost on a tab that has closed. */
  function ask(called: string, args: readonly unknown[]): Promise<never> {
    return new Promise((resolve, reject) => {
      const id = `${client} ${(calls += 1)}`;
      waitingById.set(id, { kind: 'call', id, name: called, args, sentTo: undefined, resolve, reject });
      channel.postMessage({ kind: 'who' } satisfies Message);
    });
  }

  function isServed(session: string): void {
    for (const waiting of waitingById.values()) {
      if (waiting.sentTo === session) continue;
      if (waiting.sentTo !== undefined) lose(waiting);
      if (!waitingById.has(waiting.id)) continue;
      waiting.sentTo = session;
      post(waiting, session);
    }
    if (session === lastSession) return;
    lastSession = session;
    tell({ kind: 'opened' });
  }

  function post({ kind, id, name, args }: Waiting, session: string): void {
    try {
      channel.postMessage({ kind, id, name, args, session } satisfies Message);
    } catch (cause) {
      const why = `what ${name} was given cannot be copied to another tab`;
      settle(id, ({ reject }) => reject(new KernelError('kernel/not-cloneable', why, cause)));
    }
  }

  /** Whom it was sent to is gone: what only reads is asked again, and of the rest nobody knows. */
  function lose(waiting: Waiting): void {
    waiting.sentTo = undefined;
    if (reads.has(waiting.name)) return;
    const gone = new KernelError('kernel/writer-gone', `the tab that was asked to ${waiting.name} is gone`);
    settle(waiting.id, ({ reject }) => reject(gone));
  }

  function settle(id: string, end: (waiting: Waiting) => void): void {
    const waiting = waitingById.get(id);
    if (waiting === undefined) return;
    waitingById.delete(id);
    end(waiting);
  }

  function tell(change: Change | { readonly kind: 'opened' }): void {
    for (const listener of listeners) listener(change);
  }

  function subscribe(listener: (change: Change | { readonly kind: 'opened' }) => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'here') isServed(data.session);
    else if (data.kind === 'gone')
      [...waitingById.values()].filter(({ sentTo }) => sentTo === data.session).forEach(lose);
    else if (data.kind === 'change') tell(data.change);
    else if (data.kind === 'answer') settle(data.id, ({ resolve }) => resolve(data.value as never));
    else if (data.kind === 'fault') settle(data.id, ({ reject }) => reject(faultOf(data.code, data.message)));
  };
  channel.postMessage({ kind: 'who' } satisfies Message);

  return {
    commit: (verb, args) => ask('commit', [verb, args]),
    commitAll: (requests) => ask('commitAll', [requests]),
    query: (sql, params = []) => ask('query', [sql, params]),
    async watch(sql, params, listener) {
      const tell = onlyOthers(listener);
      tell(await ask('query', [sql, params]));
      // Asked once, the query is sound: what fails later is a book that is closed.
      const look = (): void => void ask('query', [sql, params]).then(tell, () => undefined);
      return subscribe(look);
    },
    status: () => ask('status', []),
    pendingOps: () => ask('pendingOps', []),
    stage: (hash) => ask('stage', [hash]),
    saveImage: () => ask('saveImage', []),
    call: (action, ...args) => ask(`action ${action}`, args),
    subscribe,
    close: () => {
      channel.close();
      for (const { reject } of waitingById.values()) reject(new KernelError('kernel/closed', 'this book is closed'));
      waitingById.clear();
    },
  };
}

function plain(commit: Commit): RemoteCommit {
  if (!commit.ok) return commit;
  const { ok, id, hash, scope, correction } = commit;
  return { ok, id, hash, scope, correction };
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** With the code it had where it was thrown, also of another package. */
function faultOf(code: string, message: string): Error {
  return code === '' ? new Error(message) : new KernelError(code as KernelErrorCode, message);
}

function newId(): string {
  return encodeHex(platformEdge.random(8));
}

function channelOf(name: string): string {
  return `tallystick/${name}`;
}
