// Each witness passes on an honest book, and each of its claims fails when what it speaks of is broken.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Absent, hear, type Outcome, type Trial, type Witness } from '../claim.ts';
import { witnesses } from '../witnesses.ts';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));

interface Ended {
  readonly status: number;
  /** The lines of claims. */
  readonly claims: readonly string[];
  /** The lines of the table that follows them. */
  readonly rows: readonly string[];
  readonly last: string;
  readonly stderr: string;
}

function witness(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], (_error, stdout, stderr) => {
      const lines = stdout.trimEnd().split('\n');
      const last = lines.pop() ?? '';
      const claims = lines.filter((line) => line.startsWith('§'));
      const rows = lines.slice(claims.length).filter((line) => line.startsWith('  '));
      resolve({ status: child.exitCode ?? -1, claims, rows, last, stderr });
    });
  });
}

interface Heard extends Outcome {
  readonly lines: readonly string[];
}

async function heardOf(one: Witness, broken: boolean): Promise<Heard> {
  const lines: string[] = [];
  return { ...(await hear(one, broken, (line) => lines.push(line))), lines };
}

// One after another in this process, so that what a broken one left behind would be met by the next honest one.
describe.each(witnesses.map((one) => [one.name, one] as const))('witness %s', (name, one) => {
  const atLeast = typeof one.claims === 'number' ? one.claims : one.claims.length;

  it('passes on an honest book, and fails in every claim on a broken one', async () => {
    const honest = await heardOf(one, false);
    expect(honest.lines.length).toBeGreaterThanOrEqual(atLeast);
    expect(honest.lines.filter((line) => !line.startsWith(`§${name} `) || !line.endsWith(' PASS'))).toEqual([]);
    expect(honest).toMatchObject({ passed: honest.lines.length, failed: 0, absent: 0 });
    const broken = await heardOf(one, true);
    // As many claims, none of them red because the witness fell over.
    expect(broken.lines.filter((line) => !line.endsWith(' FAIL') || line.includes(' threw='))).toEqual([]);
    expect(broken).toMatchObject({ passed: 0, failed: honest.passed, absent: 0 });
  });
});

describe('the program', () => {
  it('prints the claims and their scenarios, and says by its exit whether all held', async () => {
    const [honest, broken] = await Promise.all([witness('chain', 'sign'), witness('chain', 'sign', '--break')]);
    expect(honest.claims.filter((line) => !/^§(chain|sign) .* PASS$/.test(line))).toEqual([]);
    expect(honest.rows.length).toBeGreaterThan(0);
    expect(honest.rows.filter((row) => !row.startsWith('  PASS '))).toEqual([]);
    expect(honest).toMatchObject({ status: 0, last: `${honest.claims.length} passed, 0 failed` });
    expect(broken.claims.filter((line) => !/^§(chain|sign) .* FAIL$/.test(line))).toEqual([]);
    expect(broken).toMatchObject({ status: 1, last: `0 passed, ${honest.claims.length} failed` });
  });
});

describe('what a witness is asked', () => {
  it('must be known', async () => {
    expect(await witness('chian')).toMatchObject({ status: 2, stderr: expect.stringContaining('"chian"') });
    expect(await witness('--brake')).toMatchObject({ status: 2, stderr: expect.stringContaining('--brake') });
  });

  it('is every name that the list has', async () => {
    const { stderr } = await witness('nobody');
    expect(stderr.trim().split('there are ')[1]?.split(', ')).toEqual(witnesses.map(({ name }) => name));
  });
});

describe('a claim', () => {
  const heard = async (claims: number, run: (trial: Trial) => void): Promise<readonly string[]> => {
    const lines: string[] = [];
    const count = await hear({ name: 'w', claims, run: async (trial) => run(trial) }, false, (line) =>
      lines.push(line),
    );
    expect(count.passed + count.failed).toBe(lines.length);
    return lines;
  };

  it('passes when it holds over something', async () => {
    expect(await heard(1, ({ claim }) => claim({ ops: 3 }, { fault: 'none' }, true))).toEqual([
      '§w ops=3 fault=none PASS',
    ]);
  });

  it('fails when it does not hold, and when there was nothing to look at', async () => {
    expect(await heard(1, ({ claim }) => claim({ ops: 3 }, {}, false))).toEqual(['§w ops=3 FAIL']);
    expect(await heard(1, ({ claim }) => claim({ ops: 3, rows: 0 }, {}, true))).toEqual(['§w ops=3 rows=0 FAIL']);
  });

  it('fails when it is not made', async () => {
    expect(await heard(2, ({ claim }) => claim({ ops: 1 }, {}, true))).toEqual([
      '§w ops=1 PASS',
      '§w claims=1 promised=2 FAIL',
    ]);
    expect(await heard(1, () => undefined)).toEqual(['§w claims=0 promised=1 FAIL']);
  });

  it('did not run where something is not installed: that is no pass, no failure, and no verdict', async () => {
    const lines: string[] = [];
    const run = async ({ claim, absent }: Trial): Promise<void> => {
      claim({ ops: 1 }, { claim: 'here' }, true);
      absent('there', new Absent(['hledger', 'ledger']));
    };
    const heard = await hear({ name: 'w', claims: ['here', 'there'], run }, false, (line) => lines.push(line));
    expect(heard).toEqual({ passed: 1, failed: 0, absent: 1, verdicts: new Map([['w/here', true]]) });
    expect(lines).toEqual(['§w ops=1 claim=here PASS', '§w claim=there missing="hledger ledger" DID-NOT-RUN']);
  });

  it('fails when the witness falls over', async () => {
    const lines = await heard(1, () => {
      throw new Error('no disk');
    });
    expect(lines).toEqual(['§w threw="Error: no disk" FAIL']);
  });
});
