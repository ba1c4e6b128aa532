// `npm start` as its users have it: a process that trades a day, proves it, serves its pages, and stops when it is told to.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './temporary.ts';

const program = fileURLToPath(new URL('../src/start.ts', import.meta.url));
const folder = temporaryFolder();
const data = join(folder, 'demo');
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

interface Started {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
  /** Resolves when stdout holds the text; rejects when the process ends before. */
  says(text: string): Promise<void>;
}

function start(...args: readonly string[]): Started {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk));
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk));
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => (output.stdout.includes(text) ? resolve() : undefined);
      child.stdout.on('data', look);
      look();
      void ended.then(() => reject(new Error(`it ended before it said ${text}: ${output.stderr}`)));
    });
  return { child, output, ended, says };
}

function addressOf(stdout: string, name: string): string {
  return new RegExp(`^${name} +(http://\\S+)$`, 'm').exec(stdout)?.[1] ?? '';
}

const proofLine = /^proof: PASS {2}live = replay = sql\.js = rebuilt from the 4 tills {2}([0-9a-f]{64})$/m;

describe('npm start', () => {
  let digest = '';

  it('--once trades a day, prints addresses and the proof, and ends', async () => {
    const { output, ended } = start('--once', '--data', data);
    expect(await ended).toBe(0);
    for (const name of ['office', 'relay'])
      expect(addressOf(output.stdout, name)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    // By name: a passkey belongs to one.
    expect(addressOf(output.stdout, 'till')).toMatch(/^http:\/\/localhost:\d+$/);
    digest = proofLine.exec(output.stdout)?.[1] ?? '';
    expect(digest).not.toBe('');
    expect(output.stdout).toMatch(/trial balance 0 over \d+ ops/);
    expect(output.stderr).toMatch(/trade \d{4}-\d\d-\d\d on 4 tills: 19\d documents/);
  });

  it('the second time finds it done', async () => {
    const { output, ended } = start('--once', '--data', data);
    expect(await ended).toBe(0);
    expect(output.stderr).toContain('on 4 tills: in the books already');
    expect(proofLine.exec(output.stdout)?.[1]).toBe(digest);
  });

  it('stays up with its ports taken elsewhere, answers, and stops on SIGINT and SIGTERM with its books whole', async () => {
    const blockers = await Promise.all([4780, 4781, 4782].map(occupy));
    try {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const { child, output, ended, says } = start('--data', data);
        await says('Ctrl-C stops everything.');
        const office = addressOf(output.stdout, 'office');
        const state = (await (await fetch(`${office}/api/state`)).json()) as { tip: { size: number }; days: unknown[] };
        expect(state.tip.size).toBeGreaterThan(200);
        expect((await fetch(`${addressOf(output.stdout, 'relay')}/healthz`)).status).toBe(200);
        expect((await fetch(addressOf(output.stdout, 'till'))).status).toBe(200);
        expect(output.stdout).toMatch(/^http:\/\/localhost:\d+\/#join=[\w-]+$/m);
        child.kill(signal);
        expect(await ended).toBe(0);
        expect(output.stderr).toContain('stopping');
        await expect(fetch(office)).rejects.toThrow('fetch failed');
      }
    } finally {
      for (const blocker of blockers) blocker?.close();
    }
  });

  it('says how it is called', async () => {
    const { output, ended } = start('--twice');
    expect(await ended).toBe(1);
    expect(output).toMatchObject({ stdout: '' });
    expect(output.stderr).toMatch(/Unknown option '--twice'[^]*usage: npm start/);
  });
});

/** Takes a port; undefined when somebody has it already, which serves as well. */
async function occupy(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
