/**
 * The runnable proofs: `npm run witness [NAME...]`. One line a claim; exits 1 when a claim fails or is missing, 2 on a name or option that it does not
 * know. `--break` breaks what each claim speaks of, so that every claim must fail.
 */
import { parseArgs } from 'node:util';
import { chain } from './chain.ts';
import { hear, type Witness } from './claim.ts';
import { distributed } from './distributed.ts';
import { guards } from './guards.ts';
import { persist } from './persist.ts';
import { rebuild } from './rebuild.ts';
import { relay } from './relay.ts';
import { replay } from './replay.ts';
import { sign } from './sign.ts';
import { vectors } from './vectors.ts';

const witnesses: readonly Witness[] = [vectors, distributed, chain, sign, replay, persist, relay, rebuild, guards];

async function main(argv: readonly string[]): Promise<number> {
  let asked: { readonly names: readonly string[]; readonly broken: boolean };
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { break: { type: 'boolean', default: false } },
    });
    asked = { names: positionals, broken: values.break };
  } catch (error) {
    console.error(`witness: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  const unknown = asked.names.find((name) => !witnesses.some((witness) => witness.name === name));
  if (unknown !== undefined) {
    const known = witnesses.map(({ name }) => name).join(', ');
    console.error(`witness: there is no witness "${unknown}"; there are ${known}`);
    return 2;
  }
  let passed = 0;
  let failed = 0;
  for (const witness of witnesses) {
    if (asked.names.length > 0 && !asked.names.includes(witness.name)) continue;
    const outcome = await hear(witness, asked.broken, (line) => console.log(line));
    passed += outcome.passed;
    failed += outcome.failed;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
