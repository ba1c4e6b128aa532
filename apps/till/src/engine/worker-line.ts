// The line to the dedicated worker. Nothing on the screen waits for ever, and nothing is called unsaved because its answer was
// lost: a worker that says nothing any more is ended, and a new one looks up what the old one left in the log.
import { type Answer, type Call, type CallName, type FromWorker, isEntryName, type Notice } from './messages.ts';
import { type Outcome, outcomeUnknown } from './port.ts';

/** How long a worker that is asked whether it is there may say nothing while calls are open. */
const patienceMs = 10_000;

export interface WorkerLine {
  ask<T>(name: CallName, ...args: readonly unknown[]): Promise<Outcome<T>>;
}

export interface WorkerLineOptions {
  readonly onNotice: (notice: Notice) => void;
  /** Something went wrong in the worker that nobody had asked for, or it could not be started. */
  readonly onError: (message: string) => void;
}

interface Waiting {
  readonly call: Call;
  readonly resolve: (outcome: Outcome<unknown>) => void;
  /** Asked of a second worker already. */
  readonly isAskedAgain: boolean;
}

export function openWorkerLine({ onNotice, onError }: WorkerLineOptions): WorkerLine {
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let worker = start();
  let watch: ReturnType<typeof setTimeout> | undefined;
  let isHeard = false;
  /** What a new worker said while it was still finding out what the old one did. */
  let held: Notice | undefined;

  function start(): Worker {
    const started = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'tallystick-till' });
    let hasSpoken = false;
    started.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      hasSpoken = true;
      isHeard = true;
      if ('call' in data) answer(data);
      else if (data.kind !== 'here') notice(data);
    };
    // A throw that nobody caught ends no worker: the calls under way are still answered. Only one that never spoke cannot.
    started.onerror = (event) => {
      const lost = hasSpoken ? [] : takeWaiting();
      for (const one of lost) one.resolve(gone(one.call, event.message));
      onError(event.message);
    };
    return started;
  }

  function answer({ call, outcome }: Answer): void {
    const one = waiting.get(call);
    waiting.delete(call);
    one?.resolve(outcome);
    if (held === undefined || isLookingUp()) return;
    onNotice(held);
    held = undefined;
  }

  /** A new worker waits a moment for the right to write; the screen does not change over that. */
  function notice(data: Notice): void {
    const isWaiting = data.kind === 'state' && data.state.phase.kind === 'waiting';
    if (data.kind === 'state') held = undefined;
    if (isWaiting && isLookingUp()) held = data;
    else onNotice(data);
  }

  function isLookingUp(): boolean {
    return [...waiting.values()].some((one) => one.isAskedAgain);
  }

  function takeWaiting(): readonly Waiting[] {
    const taken = [...waiting.values()];
    waiting.clear();
    return taken;
  }

  function send(name: CallName, args: readonly unknown[], rest: Pick<Waiting, 'resolve' | 'isAskedAgain'>): void {
    calls += 1;
    const call: Call = { call: calls, name, args };
    waiting.set(call.call, { call, ...rest });
    worker.postMessage(call);
    watchOver();
  }

  function watchOver(): void {
    if (watch !== undefined) return;
    isHeard = false;
    worker.postMessage({ kind: 'are-you-there' });
    watch = setTimeout(() => {
      watch = undefined;
      if (waiting.size === 0) return;
      if (!isHeard) replace();
      watchOver();
    }, patienceMs);
  }

  /** A worker that was ended writes nothing more, so what the next one finds in the log is the truth. */
  function replace(): void {
    worker.terminate();
    const lost = takeWaiting();
    worker = start();
    for (const { call, resolve, isAskedAgain } of lost) {
      if (isAskedAgain) resolve(gone(call, 'The worker does not answer.'));
      else if (isEntryName(call.name)) send('lookUp', [call.name, ...call.args], { resolve, isAskedAgain: true });
      else if (call.name === 'lookUp') send('lookUp', call.args, { resolve, isAskedAgain: true });
      else resolve(gone(call, 'The worker does not answer.'));
    }
  }

  return {
    ask: <T>(name: CallName, ...args: readonly unknown[]) =>
      new Promise<Outcome<T>>((resolve) => {
        send(name, args, { resolve: resolve as Waiting['resolve'], isAskedAgain: false });
      }),
  };
}

function gone({ name }: Call, message: string): Outcome<unknown> {
  const isEntry = name === 'lookUp' || isEntryName(name);
  return { ok: false, code: isEntry ? outcomeUnknown : 'till/engine-gone', message };
}
