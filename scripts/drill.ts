// `npm run drill -- claims --engine NAME [--tokens N] [--short] [--json]`: a relay's engine under fire. It exits with 1 where an acknowledged claim or op was lost,
// two were granted one token, or it is still not known how a claim ended.
import { parseArgs } from 'node:util';
import { drillClaims, isWhole } from './drills/claims-drill.ts';
import type { Engine } from './drills/engine.ts';
import { startNatsEngine } from './drills/nats-engine.ts';
import { startPostgresEngine } from './drills/postgres-engine.ts';
import { startSqliteEngine } from './drills/sqlite-engine.ts';

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  sqlite: startSqliteEngine,
  postgres: startPostgresEngine,
  nats: startNatsEngine,
};

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      engine: { type: 'string', default: 'sqlite' },
      tokens: { type: 'string' },
      short: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const start = engines[values.engine];
  if (positionals.join() !== 'claims' || start === undefined) {
    console.error(`drill: claims --engine ${Object.keys(engines).join('|')} [--tokens N] [--short] [--json]`);
    return 2;
  }
  const size = values.short ? 'short' : 'full';
  const tokens = Number(values.tokens ?? (values.short ? 60 : 6_700));
  const engine = await start();
  try {
    const report = await drillClaims(engine, { tokens, size, print: (line) => console.error(line) });
    const holds = isWhole(report);
    if (values.json) console.log(JSON.stringify({ ...report, holds }));
    else for (const [name, value] of Object.entries({ ...report, holds })) console.log(`${name} ${value}`);
    return holds ? 0 : 1;
  } finally {
    await engine.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
