/** The relay as its operators run it, in a process of its own, and what that process has used: read from the system, not from the relay. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RelayProcess {
  readonly port: number;
  readonly url: string;
  readonly vkey: string;
  /** From the start of the process to the line that says it listens. */
  readonly startMs: number;
  usage(): Usage;
  /** Sums over what the relay said in its log, that of the process before it included. */
  readonly said: { commits: number; signaturesChecked: number };
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** By the process before it, on the same data. */
export interface Spent {
  readonly commits: number;
  readonly signaturesChecked: number;
  readonly cpuMs: number;
}

export interface Usage {
  /** Processor time of all threads. */
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly peakRssMb: number;
  /** Files, sockets and the like. */
  readonly openFiles: number;
}

/** `getconf CLK_TCK` of every Linux that Node runs on. */
const TICK_MS = 10;

export async function startRelayProcess(
  program: string,
  dataDir: string,
  options: readonly string[] = [],
  before: Spent = { commits: 0, signaturesChecked: 0, cpuMs: 0 },
): Promise<RelayProcess> {
  const started = performance.now();
  const args = [program, '--data', dataDir, '--port', '0', ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  const said = { commits: before.commits, signaturesChecked: before.signaturesChecked };
  const { url, vkey } = await readLog(child, said);
  const startMs = performance.now() - started;
  return {
    url,
    vkey,
    port: Number(new URL(url).port),
    startMs,
    said,
    usage: () => {
      const usage = usageOf(child.pid as number);
      return { ...usage, cpuMs: usage.cpuMs + before.cpuMs };
    },
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
  };
}

function readLog(child: ChildProcess, said: RelayProcess['said']): Promise<{ url: string; vkey: string }> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      if (line['event'] === 'listening') resolve({ url: String(line['url']), vkey: String(line['vkey']) });
      if (line['event'] === 'not-started' || line['event'] === 'failed') console.error(text);
      if (line['event'] !== 'committed') return;
      said.commits += 1;
      said.signaturesChecked += Number(line['signaturesChecked']);
    });
  });
}

function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): number =>
    Number(new RegExp(`${name}:\\s+([0-9]+) kB`).exec(status)?.[1] ?? 0) / 1_000;
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rssMb: megabytes('VmRSS'),
    peakRssMb: megabytes('VmHWM'),
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** After the relay has stopped: while it runs, its write-ahead log comes on top, up to some 32 MiB. */
export function folderUsage(folder: string): { readonly diskBytes: number } {
  return { diskBytes: readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) };
}
