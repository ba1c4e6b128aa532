// `tally entitlement` issues a token, shows what is left, claims it, and says what does not add up.
import encodeQr from 'qr';
import { beforeAll, expect, it } from 'vitest';
import { createContext, parseArguments } from '../src/command.ts';
import { entitlement as command } from '../src/commands/entitlement.ts';
import { createProgress } from '../src/progress.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const data = temporaryFolder();
const day = '2026-11-21';

beforeAll(async () => {
  await runTally('init', '--data', data);
  await runTally('day', day, '--data', data);
});

function entitlement(...args: readonly string[]): ReturnType<typeof runTally> {
  return runTally('entitlement', ...args, '--data', data);
}

async function issue(...args: readonly string[]): Promise<Record<string, unknown>> {
  return jsonOf(await entitlement('issue', '--page', 'https://tea.example/t', ...args, '--json'));
}

it('issues a gift, claims some of it, and sees what was claimed and not handed out', async () => {
  await runTally('do', 'entitlement.tier', '{"kind":"gift","currency":"GBP","mostMinor":500}', '--data', data);
  const gift = ['--kind', 'gift', '--amount', '10.00', '--account', '2300'];
  const printed = await entitlement('issue', '--page', 'https://tea.example/t', ...gift);
  // Into a pipe goes no picture.
  expect(printed.stdout).toMatch(/^https:\S+\ntoken [0-9a-f]{64}\n$/);
  const { url } = await issue(...gift);
  expect((await entitlement('show', String(url))).stdout).toBe(
    'gift of 10.00 GBP, bearer\nspent 0.00 GBP in 0 uses, 0 claims\n',
  );
  expect(await entitlement('alarms')).toMatchObject({ status: 0, stdout: 'All that was handed out was claimed.\n' });
  expect((await entitlement('spend', String(url), '--amount', '6')).stderr).toContain('retail/claim-first');
  const { tender } = jsonOf(await entitlement('spend', String(url), '--amount', '4.50', '--json'));
  const seen = await entitlement('alarms');
  expect(seen.status).toBe(1);
  expect(seen.stdout).toMatch(/^unredeemed .* 0\.00 +4\.50 +0\.00 +GBP$/m);
  const goods = [{ sku: 'TEA', name: 'Tea', quantity: 1, unitPriceMilliMinor: 450_000 }];
  const sale = { day, currency: 'GBP', taxIncluded: true, lines: goods, tenders: [tender] };
  const complete = () => runTally('do', 'sale.complete', JSON.stringify(sale), '--data', data);
  expect((await complete()).status).toBe(0);
  // The same redemption pays for no second sale, whichever command asks for it, and for no two parts of one; what is voided may be sold again.
  const again = expect.stringMatching(new RegExp(`this redemption is in \\S+/${day}/1 already, and pays once`));
  expect(await complete()).toMatchObject({ status: 1, stderr: again });
  const words = ['--lines', JSON.stringify(goods), '--tenders', JSON.stringify([tender]), '--session', 'none'];
  expect(await runTally('sale', 'complete', ...words, '--data', data)).toMatchObject({ status: 1, stderr: again });
  const voiding = ['sale', 'void', '--document', `INV/Office/${day}/1`, '--reason', 'wrong goods', '--data', data];
  expect(await runTally(...voiding)).toMatchObject({ status: 0 });
  const [half, rest] = [200, 250].map((amountMinor) => ({ ...(tender as object), amountMinor }));
  const halves = JSON.stringify({ ...sale, tenders: [half, rest] });
  expect(await runTally('do', 'sale.complete', halves, '--data', data)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is in this one already'),
  });
  expect((await complete()).status).toBe(0);
  expect((await entitlement('alarms')).status).toBe(0);
  const shown = jsonOf(await entitlement('show', String(url), '--json'));
  expect(shown).toMatchObject({ amountMinor: 1000, spentMinor: 450, uses: 1, claims: 2 });
});

it('draws the code of what it issued on a terminal', async () => {
  const lines: string[] = [];
  const words = ['issue', '--page', 'https://tea.example/t', '--kind', 'coupon', '--amount', '1', '--data', data];
  const context = createContext(
    parseArguments(command, words),
    createProgress(process.stderr),
    (line) => void lines.push(line),
  );
  const before = process.stdout.isTTY;
  process.stdout.isTTY = true;
  expect(await command.run(context)).toBe(0);
  process.stdout.isTTY = before;
  const [code, url = ''] = lines;
  expect(code).toBe(encodeQr(url, 'term', { border: 2 }).trimEnd());
});

it('says what is wrong with what it is asked', async () => {
  const said = async (...args: readonly string[]): Promise<string> => {
    const { status, stderr } = await entitlement(...args);
    return `${status} ${stderr}`;
  };
  const page = ['--page', 'https://tea.example/t'];
  expect(await said('give')).toMatch(/^2 .*issue, show URL, spend URL or alarms/);
  expect(await said('issue', '--kind', 'loan')).toMatch(/^2 .*none of gift/);
  expect(await said('issue', ...page, '--kind', 'gift', '--amount', '1.001')).toMatch(/^2 .*no amount in GBP/);
  expect(await said('issue', ...page, '--kind', 'gift', '--amount', '5')).toMatch(/^1 .*retail\/issue-account/);
  expect(await said('show', 'https://tea.example/t')).toMatch(/^1 .*retail\/unknown-entitlement/);
  expect(await said('spend', 'https://tea.example/t', '--amount', '5')).toMatch(/^1 .*token\/url/);
});
