// `npm run soak -- [--minutes 30] [--tills 200] [--rate N] [--seed N] [--json]`: a relay at half speed for a long time, killed at random. It exits with 1 where anything that was
// acknowledged is not in the log, where the books are off by a cent, or where memory, disk or the time of an answer grew with the log.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeFolder } from '../bench/machine.ts';
import { buildProgram } from '../bench/program.ts';
import { isSound } from './soak/report.ts';
import { soakRelay } from './soak/soak-relay.ts';

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '30' },
      tills: { type: 'string', default: '200' },
      rate: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const [minutes, tills, seed] = [Number(values.minutes), Number(values.tills), Number(values.seed)];
  const opsPerSecond = values.rate === undefined ? undefined : Number(values.rate);
  if (![minutes, tills, seed, opsPerSecond ?? 1].every((value) => value > 0)) {
    console.error('soak: [--minutes 30] [--tills 200] [--rate OPS_PER_SECOND] [--seed 1] [--json]');
    return 2;
  }
  const folder = makeFolder();
  try {
    const program = await buildProgram(new URL('../apps/relay/src/program.ts', import.meta.url), folder);
    const print = (line: string): void => console.error(`soak: ${line}`);
    const report = await soakRelay({ program, folder, tills, seed, opsPerSecond, durationMs: minutes * 60_000, print });
    const holds = isSound(report);
    if (values.json) console.log(JSON.stringify({ ...report, holds }));
    else for (const [name, value] of Object.entries({ ...report, holds })) console.log(`${name} ${String(value)}`);
    return holds ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
