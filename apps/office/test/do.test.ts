// `tally do` commits what the verbs of the book take, and says of the rest what is wrong with it; `tally query` shows what came of it.
import { builtinVerbs, loadParts } from '@tallystick/kernel';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { shopVerbs } from '../src/book.ts';
import { verbHelp } from '../src/verb-help.ts';
import { verbLines } from '../src/verb-lines.ts';
import { temporaryFile, temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const data = temporaryFolder();
const tea = { account: '7000', kind: 'expense', name: 'Tea' };
const opened = "SELECT account, kind, name FROM accounts WHERE account >= '7000' ORDER BY account";

beforeAll(() => runTally('init', '--data', data));

async function query(sql: string): Promise<unknown> {
  return jsonOf(await runTally('query', sql, '--data', data, '--json'))['rows'];
}

/** Exit status and the one line of stderr; nothing may be on stdout. */
async function refusal(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runTally('do', ...args, '--data', data);
  expect({ stdout, lines: stderr.split('\n').length - 1 }).toEqual({ stdout: '', lines: 1 });
  return `${status} ${stderr.trim()}`;
}

it('takes args from the line, from a file and from stdin', async () => {
  const done = jsonOf(await runTally('do', 'account.open', JSON.stringify(tea), '--data', data, '--json'));
  expect(done).toMatchObject({ verb: 'account.open', id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  const file = temporaryFile('args.json', JSON.stringify({ ...tea, account: '7100' }, undefined, 2));
  expect((await runTally('do', 'account.open@1', '--file', file, '--data', data)).stdout).toMatch(
    /^account.open@1 is done: /,
  );
  const program = fileURLToPath(new URL('../src/tally.ts', import.meta.url));
  const child = spawn(process.execPath, [program, 'do', 'account.open', '-', '--data', data]);
  child.stdin.end(JSON.stringify({ ...tea, account: '7200' }));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  expect(await query(opened)).toEqual([tea, { ...tea, account: '7100' }, { ...tea, account: '7200' }]);
});

it('stores nothing of what is refused, and says why with the code', async () => {
  const before = await query(opened);
  expect(await refusal('account.opn')).toBe('2 tally: there is no verb "account.opn" (tally do lists them)');
  expect(await refusal('account.open', '{"sku"')).toMatch(
    /^2 tally: the args are no JSON: .*tally do account.open --help/,
  );
  expect(await refusal('account.open')).toMatch(
    /^1 .*kernel\/bad-args.*"issue":"account: .*tally do account.open --help/,
  );
  expect(await refusal('account.open', JSON.stringify({ ...tea, name: 0.5 }))).toContain('kernel/bad-args');
  const unbalanced = { day: '2026-03-01', memo: '', lines: [{ account: '1000', currency: 'GBP', amountMinor: 5 }] };
  expect(await refusal('journal.post', JSON.stringify(unbalanced))).toMatch(/^1 .*ledger\/unbalanced\) \{.*"GBP"/);
  expect(await refusal('account.open', '{}', '--file', 'x.json')).toMatch(/^2 .*not both/);
  expect(await refusal('account.open', '--file', '/no/such.json')).toBe('1 tally: /no/such.json: cannot be read');
  expect(await refusal('account.open', '{}', '--scope', 'no scope')).toMatch(/^2 .*"no scope" is no scope/);
  expect(await query(opened)).toEqual(before);
});

it('lets a query change nothing', async () => {
  const asked = await runTally('query', 'DELETE FROM accounts', '--data', data);
  expect(asked).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('only reads') });
});

describe('help', () => {
  const verbs = [...builtinVerbs, ...shopVerbs];

  it('lists every verb with its roles', async () => {
    const listed = jsonOf(await runTally('do', '--json'))['verbs'] as readonly { verb: string; roles: unknown }[];
    expect(listed.map(({ verb, roles }) => [verb, roles])).toEqual(verbs.map(({ ref, roles }) => [ref, roles]));
  });

  it('has one line for every verb, and none for what is no verb', () => {
    expect(Object.keys(verbLines).sort()).toEqual([...new Set(verbs.map(({ name }) => name))].sort());
  });

  it('names the args of a verb by the schema that judges them', async () => {
    const { stdout } = await runTally('do', 'sale.complete', '--help');
    expect(stdout).toContain('  session?      text\n');
    expect(stdout).toContain('    kind         "cash" | "card" | "account"\n');
    expect((await runTally('do', 'day.open', '--help')).stdout).toContain('  expected { day: "YYYY-MM-DD" }\n');
    expect(await runTally('do', 'sale.nope', '--help')).toMatchObject({ status: 2, stdout: '' });
    await loadParts();
    for (const verb of verbs)
      expect(verbHelp(verb as never), verb.name).not.toMatch(/undefined|anything|no form|its args/);
    const shown = jsonOf(await runTally('do', 'account.open', '--help', '--json'));
    expect(shown).toMatchObject({ schema: { required: ['account', 'kind', 'name'] } });
  });
});
