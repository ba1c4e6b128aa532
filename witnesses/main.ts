/**
 * The runnable proofs: `npm run witness [NAME...]`. One line a claim, then the table of docs/adversarial.md with what became of each scenario; exits 1
 * when a claim fails, is missing or did not run, 2 on a name or option that it does not know. `--break` breaks what each claim speaks of, so that every claim must fail.
 */
import { parseArgs } from 'node:util';
import { hear } from './claim.ts';
import { judge, readScenarios, renderScenarios } from './scenarios.ts';
import { witnesses } from './witnesses.ts';

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
  let absent = 0;
  const verdicts = new Map<string, boolean>();
  for (const witness of witnesses) {
    if (asked.names.length > 0 && !asked.names.includes(witness.name)) continue;
    const outcome = await hear(witness, asked.broken, (line) => console.log(line));
    passed += outcome.passed;
    failed += outcome.failed;
    absent += outcome.absent;
    for (const [claim, holds] of outcome.verdicts) verdicts.set(claim, holds);
  }
  // Of some witnesses only the scenarios that they alone speak of can be judged.
  const scenarios = readScenarios().filter(
    ({ claims }) => asked.names.length === 0 || claims.every((claim) => asked.names.includes(witnessOf(claim))),
  );
  for (const line of renderScenarios(scenarios, verdicts)) console.log(line);
  const missing = scenarios.filter((scenario) => judge(scenario, verdicts) === 'DID-NOT-RUN').length;
  if (missing > 0) console.log(`${missing} scenarios DID-NOT-RUN`);
  console.log(`${passed} passed, ${failed} failed${absent === 0 ? '' : `, ${absent} did not run`}`);
  return failed === 0 && absent === 0 && passed > 0 && missing === 0 ? 0 : 1;
}

function witnessOf(claim: string): string {
  return claim.split('/', 1)[0] as string;
}

process.exitCode = await main(process.argv.slice(2));
