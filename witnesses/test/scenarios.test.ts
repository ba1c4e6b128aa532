// docs/adversarial.md names every claim there is, and no other; a row of it is judged by all of its claims.
import { describe, expect, it } from 'vitest';
import { claimNames, hear } from '../claim.ts';
import { judge, readScenarios, renderScenarios } from '../scenarios.ts';
import { witnesses } from '../witnesses.ts';

const scenarios = readScenarios();
const claims = witnesses.flatMap(claimNames);

describe('docs/adversarial.md', () => {
  it('has rows in groups, each with a claim', () => {
    expect(scenarios.length).toBeGreaterThan(15);
    expect(scenarios.filter(({ claims }) => claims.length === 0)).toEqual([]);
  });

  it('names no claim that does not exist', () => {
    expect(scenarios.flatMap((row) => row.claims).filter((claim) => !claims.includes(claim))).toEqual([]);
  });

  it('leaves out no claim of a witness', () => {
    const named = new Set(scenarios.flatMap((row) => row.claims));
    expect(claims.filter((claim) => !named.has(claim))).toEqual([]);
    expect(new Set(claims).size).toBe(claims.length);
  });
});

describe('a row', () => {
  const text =
    '| a | b | w | r |\n|---|---|---|---|\n| **G** | | | |\n| s | m | `w/one` `w/two` | r |\n| t | m | none | r |';
  const [row, bare] = readScenarios(text);

  it('is of the group above it', () => {
    expect(row).toEqual({ group: 'G', scenario: 's', claims: ['w/one', 'w/two'] });
  });

  it('passes with all of its claims, fails with one, and did not run without one', () => {
    const verdicts = (two?: boolean) =>
      new Map([['w/one', true], ...(two === undefined ? [] : [['w/two', two] as const])]);
    const judged = [true, false, undefined].map((two) => judge(row as never, verdicts(two)));
    expect(judged).toEqual(['PASS', 'FAIL', 'DID-NOT-RUN']);
    expect(judge(bare as never, verdicts(true))).toBe('DID-NOT-RUN');
    expect(renderScenarios([row as never], verdicts())).toEqual(['', 'G', '  DID-NOT-RUN  s  w/one w/two']);
  });
});

it('a claim that is promised by name and not made is a failure', async () => {
  const lines: string[] = [];
  const { failed, verdicts } = await hear(
    { name: 'w', claims: ['one', 'two'], run: async ({ claim }) => claim({ ops: 1 }, { claim: 'one' }, true) },
    false,
    (line) => lines.push(line),
  );
  expect([failed, [...verdicts]]).toEqual([
    1,
    [
      ['w/one', true],
      ['w', false],
    ],
  ]);
  expect(lines).toEqual(['§w ops=1 claim=one PASS', '§w claims=1 missing=w/two FAIL']);
});
