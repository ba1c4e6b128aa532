// The relay as its operators run it on SQLite: one process over one file. It is killed, paused and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { type Engine, flipByte, flipToken } from './engine.ts';

const program = fileURLToPath(new URL('../../apps/relay/src/main.ts', import.meta.url));
const pauseMs = 300;

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly vkey: string;
}

export async function startSqliteEngine(): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-drill-'));
  let alarms = 0;
  const onAlarm = (): void => void (alarms += 1);
  let running = await startRelay(folder, onAlarm);
  const pinned = parseVerifierKey(running.vkey, nodeHasher);
  if (!pinned.ok) throw new Error(running.vkey);
  const restart = async (signal: 'SIGKILL' | 'SIGTERM', meanwhile = (): void => undefined): Promise<void> => {
    await stop(running.child, signal);
    meanwhile();
    running = await startRelay(folder, onAlarm);
  };
  const path = join(folder, 'relay.sqlite');
  return {
    name: 'sqlite',
    relay: pinned.value,
    fronts: [(request) => fetch(new Request(request.url.replace(/^http:\/\/[^/]+/, running.url), request))],
    alarms: () => alarms,
    faults: [
      { name: 'kill the relay', times: { full: 20, short: 2 }, run: () => restart('SIGKILL') },
      { name: 'stop the relay', times: { full: 6, short: 0 }, run: () => restart('SIGTERM') },
      {
        name: 'pause the relay',
        times: { full: 6, short: 1 },
        async run() {
          running.child.kill('SIGSTOP');
          await sleep(pauseMs);
          running.child.kill('SIGCONT');
        },
      },
    ],
    async flipBit(token) {
      let at = 0;
      await restart('SIGTERM', () => void (at = flipToken(path, token)));
      return { stands: true, mend: () => restart('SIGTERM', () => flipByte(path, at)) };
    },
    async close() {
      await stop(running.child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startRelay(folder: string, onAlarm: () => void): Promise<Running> {
  const args = [program, '--data', folder, '--port', '0', '--public'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  const listening = new Promise<{ url: string; vkey: string }>((resolve, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`the relay ended with ${code ?? signal}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      if (line['event'] === 'alarm') onAlarm();
      if (line['event'] === 'listening') resolve({ url: String(line['url']), vkey: String(line['vkey']) });
    });
  });
  return { child, ...(await listening) };
}

async function stop(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
