// Runs the tally command line as its users do: as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundledProgram } from '../../../scripts/bundled-program.ts';

const program = await bundledProgram(fileURLToPath(new URL('../src/tally.ts', import.meta.url)));
const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/tally/', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running tally, and its end. */
export interface RunningTally {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export function startTally(...args: readonly string[]): RunningTally {
  return startTallyIn({}, ...args);
}

/** The same with more in its environment. */
export function startTallyIn(environment: Readonly<Record<string, string>>, ...args: readonly string[]): RunningTally {
  // What is compiled once is kept beside the other things that tests make: a process starts three times as fast.
  const env = { NODE_COMPILE_CACHE: compileCache, ...process.env, ...environment };
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (texts.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (texts.stderr += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, ...texts }));
  });
  return { child, ended };
}

export function runTally(...args: readonly string[]): Promise<Ended> {
  return startTally(...args).ended;
}

/** The one JSON object a command printed; fails when stdout held anything else. */
export function jsonOf(ended: Ended): Record<string, unknown> {
  const lines = ended.stdout.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one line of stdout: ${ended.stdout}${ended.stderr}`);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}
