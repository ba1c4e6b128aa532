// A server program as a child process: started, killed, paused and started again by its pid, and ready when its log says so.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export interface ServerProgram {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The user to run as, for a program that refuses root. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Found in a line of the program's standard error when it is ready. */
  readonly ready: RegExp;
}

export interface ChildServer {
  readonly name: string;
  /** Of the running process; undefined while there is none. */
  readonly pid: number | undefined;
  /** Resolves when it is ready; throws with the end of its log when it ended first. */
  start(): Promise<void>;
  /** Resolves when the process is gone. */
  kill(signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<void>;
  /** SIGSTOP: alive, its connections open, and silent. */
  pause(): void;
  resume(): void;
}

const keptLogBytes = 20_000;
const startTimeoutMs = 60_000;

export function createChildServer(program: ServerProgram): ChildServer {
  let child: ChildProcess | undefined;
  /** To the program and the processes it started: PostgreSQL has one for each connection. */
  const signal = (name: NodeJS.Signals): void => {
    if (child?.pid === undefined) return;
    const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' }).stdout;
    for (const pid of [child.pid, ...children.split('\n').map(Number)]) if (pid > 0) tryKill(pid, name);
  };
  return {
    name: program.name,
    get pid() {
      return child?.pid;
    },
    async start() {
      if (child !== undefined) throw new Error(`${program.name} is running`);
      const { command, args, uid, gid } = program;
      const identity = uid === undefined || gid === undefined ? {} : { uid, gid };
      const started = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...identity });
      child = started;
      // A test run that ends without its last steps leaves no server behind.
      const end = (): void => void started.kill('SIGKILL');
      process.once('exit', end);
      started.once('exit', () => {
        process.off('exit', end);
        if (child === started) child = undefined;
      });
      await whenReady(started, program);
    },
    async kill(name = 'SIGKILL') {
      if (child === undefined) return;
      const gone = once(child, 'exit');
      if (name === 'SIGKILL') signal(name);
      else child.kill(name);
      // A paused process takes a polite signal only once it goes on.
      signal('SIGCONT');
      await gone;
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** It may have ended meanwhile. */
function tryKill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ESRCH') throw error;
  }
}

async function whenReady(child: ChildProcess, { name, ready }: ServerProgram): Promise<void> {
  let log = '';
  let late: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${name} ${why}:\n${log.slice(-2_000)}`));
    late = setTimeout(() => fail(`was not ready in ${startTimeoutMs} ms`), startTimeoutMs);
    child.once('error', reject);
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
    child.stderr?.on('data', (bytes: Buffer) => {
      log = (log + bytes.toString()).slice(-keptLogBytes);
      if (ready.test(log)) resolve();
    });
  }).finally(() => clearTimeout(late));
}

/** Resolves when `holds` answers true; throws with `what` when it has not in `timeoutMs`. */
export async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > endMs) throw new Error(`not in ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
