// Child processes and folders that end with their owner: when they are disposed, when this process exits and when it is told to.
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const running = new Set<ChildProcess>();
const folders = new Set<string>();
const termGraceMs = 5_000;

/** Signals the child and all it started: it leads a group of its own. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

let isWatching = false;

/** From the first thing owned on. */
function endWithThisProcess(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const child of running) signalGroup(child, 'SIGKILL');
    for (const folder of folders) removeFolder(folder);
  });
  // Left to itself a signal ends the process without that.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

function removeFolder(path: string): void {
  folders.delete(path);
  // A browser that was just killed may still be writing.
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

/** Path of a new empty folder that is removed with `stack`. */
export function createFolder(stack: AsyncDisposableStack): string {
  endWithThisProcess();
  const path = mkdtempSync(join(tmpdir(), 'tallystick-browser-'));
  folders.add(path);
  return stack.adopt(path, removeFolder);
}

export class OwnedProcess implements AsyncDisposable {
  readonly child: ChildProcess;

  constructor(command: string, args: readonly string[], options: SpawnOptions) {
    endWithThisProcess();
    this.child = spawn(command, args, { ...options, detached: true });
    running.add(this.child);
    this.child.once('exit', () => running.delete(this.child));
  }

  /** Rejects when the process ends or cannot be started; never resolves. */
  async failure(): Promise<never> {
    const [code] = (await once(this.child, 'exit')) as [number | null];
    throw new Error(`${this.child.spawnfile} ended with ${code ?? this.child.signalCode}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined) {
      const ended = once(this.child, 'exit');
      const kill = setTimeout(() => signalGroup(this.child, 'SIGKILL'), termGraceMs);
      signalGroup(this.child, 'SIGTERM');
      await ended;
      clearTimeout(kill);
    }
    // Whatever it started and left behind.
    signalGroup(this.child, 'SIGKILL');
    running.delete(this.child);
  }
}
