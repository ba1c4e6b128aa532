/** The table of docs/adversarial.md: every edge scenario with the claims that witness it, and how each fared in a run. */
import { readFileSync } from 'node:fs';

export interface Scenario {
  readonly group: string;
  readonly scenario: string;
  /** Full names of claims: `WITNESS/CLAIM`, or `WITNESS`. */
  readonly claims: readonly string[];
}

export type Verdict = 'PASS' | 'FAIL' | 'DID-NOT-RUN';

const document = new URL('../docs/adversarial.md', import.meta.url);

/** The rows of the one table; a row whose first cell alone is filled, in bold, names the group of those below it. */
export function readScenarios(text: string = readFileSync(document, 'utf8')): readonly Scenario[] {
  const scenarios: Scenario[] = [];
  let group = '';
  for (const [, inside = ''] of text.matchAll(/^\|(.*)\|$/gm)) {
    const [scenario = '', , witness = ''] = inside.split('|').map((cell) => cell.trim());
    const heading = /^\*\*(.+)\*\*$/.exec(scenario);
    if (heading !== null) group = heading[1] ?? '';
    else if (group !== '')
      scenarios.push({ group, scenario, claims: [...witness.matchAll(/`([^`]+)`/g)].map(([, claim = '']) => claim) });
  }
  return scenarios;
}

/** Passed when all of its claims did; one that was not made, or a row without any, did not run. */
export function judge({ claims }: Scenario, verdicts: ReadonlyMap<string, boolean>): Verdict {
  if (claims.some((claim) => verdicts.get(claim) === false)) return 'FAIL';
  return claims.length > 0 && claims.every((claim) => verdicts.has(claim)) ? 'PASS' : 'DID-NOT-RUN';
}

/** The table as printed after a run: the groups, and in each a line for every scenario. */
export function renderScenarios(scenarios: readonly Scenario[], verdicts: ReadonlyMap<string, boolean>): string[] {
  const width = Math.max(0, ...scenarios.map(({ scenario }) => scenario.length));
  return scenarios.flatMap((row, index) => [
    ...(row.group === scenarios[index - 1]?.group ? [] : ['', row.group]),
    `  ${judge(row, verdicts).padEnd(11)}  ${row.scenario.padEnd(width)}  ${row.claims.join(' ')}`,
  ]);
}
