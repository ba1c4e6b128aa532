// What a person says on the command line as people say it: currencies by line, devices by name, lists with commas.
import { beforeAll, expect, it } from 'vitest';
import { tallyIn } from './tally-here.ts';
import { runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const data = temporaryFolder();
const tally = tallyIn(data);

beforeAll(async () => {
  await runTally('init', '--data', data);
  await tally('day', '2026-11-21');
});

it('reads each amount in the currency that its own line names, or else in that of the folder', async () => {
  await tally('account', 'open', '--account', '1030', '--kind', 'asset', '--name', 'Yen box', '--currency', 'JPY');
  await tally(
    'account',
    'open',
    '--account',
    '3030',
    '--kind',
    'equity',
    '--name',
    'Yen brought in',
    '--currency',
    'JPY',
  );
  const yen = 'account=1030,currency=JPY,amount=500;account=3030,currency=JPY,amount=-500';
  await tally('journal', 'post', '--memo', 'yen', '--lines', `${yen};account=1010,amount=5.00;account=3000,amount=-5`);
  const transfers = 'id=t-1,debit=1030,credit=3030,currency=JPY,amount=20;id=t-2,debit=1010,credit=3000,amount=0.20';
  await tally('money', 'transfer', '--memo', 'more', '--transfers', transfers);
  const posted =
    "SELECT account, currency, sum(amountMinor) AS amountMinor FROM postings WHERE memo IN ('yen', 'more') AND account IN ('1030', '1010') GROUP BY 1, 2 ORDER BY 1";
  expect((await tally('query', posted))['rows']).toEqual([
    { account: '1010', currency: 'GBP', amountMinor: 520 },
    { account: '1030', currency: 'JPY', amountMinor: 520 },
  ]);
});

it('takes devices by their names, lists with commas, and what is of one unit unsaid', async () => {
  await tally(
    'product',
    'set',
    '--sku',
    'TEE',
    '--name',
    'T-shirt',
    '--tax-rate-basis-points',
    '0',
    '--options',
    'size,colour',
  );
  const variant = ['--sku', 'TEE-M', '--name', 'T-shirt M', '--tax-rate-basis-points', '0', '--parent', 'TEE'];
  await tally('product', 'set', ...variant, '--choices', 'size=M,colour=red');
  await tally('barcode', 'set', '--barcode', '5012345678900', '--sku', 'TEE-M');
  await tally('recipe', 'set', '--sku', 'TEE', '--parts', 'sku=TEE-M,quantity=1');
  await tally('spender', 'set', '--device', 'Office', '--subject', 'e-7');
  await tally('spend', 'limit', '--subject', 'e-7', '--currency', 'JPY', '--limit', '50', '--period', 'day');
  const said = `SELECT (SELECT choices FROM products WHERE sku = 'TEE-M') AS choices, (SELECT quantity FROM barcodes) AS quantity,
    (SELECT recipe ->> '$[0]' FROM products WHERE sku = 'TEE') AS makes, (SELECT d.name FROM spenders s JOIN devices d USING (device)) AS name,
    (SELECT limitMinor FROM spendLimits WHERE spentIn = 'hq') AS limitMinor`;
  expect((await tally('query', said))['rows']).toEqual([
    { choices: '{"colour":"red","size":"M"}', quantity: 1, makes: 1, name: 'Office', limitMinor: 50 },
  ]);
  await tally('spender', 'set', '--device', 'Office', '--subject', '');
  const unknown = ['--lines', 'sku=NONE,quantity=1', '--tenders', 'kind=cash', '--data', data];
  const { status, stderr } = await runTally('sale', 'complete', ...unknown);
  expect([status, stderr]).toEqual([2, expect.stringContaining('there is no product "NONE"')]);
});

it('takes the next fiscal number of a series that is leased to this device', async () => {
  await tally('fiscal', 'range', '--series', 'A', '--first', '1001', '--last', '1100');
  const sale = ['complete', '--lines', 'sku=HAT,name=Hat,quantity=1,unit-price=1.00', '--tenders', 'kind=cash'];
  const none = await runTally('sale', ...sale, '--fiscal', 'A', '--data', data);
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('tally fiscal lease')]);
  await tally('fiscal', 'lease', '--series', 'A', '--device', 'Office', '--until-day', '2026-12-31');
  for (let sold = 0; sold < 2; sold++) await tally('sale', ...sale, '--fiscal', 'A');
  expect((await tally('query', 'SELECT number FROM fiscalUses ORDER BY number'))['rows']).toEqual([
    { number: 1001 },
    { number: 1002 },
  ]);
});

it('knows what a van scans, and says why nothing can be written in a branch yet', async () => {
  await tally('product', 'set', '--sku', 'BUN', '--name', 'Bun', '--tax-rate-basis-points', '0');
  await tally('price', 'set', '--sku', 'BUN', '--unit-price', '1.20');
  const buns = ['--reference', 'D-1', '--lines', 'sku=BUN,quantity=5,unit-cost=0.30'];
  await tally('stock', 'receive', ...buns);
  const { id } = await tally('van', 'scan', '--sku', 'BUN', '--tender', 'cash');
  const line = `SELECT name, amountMinor FROM documentLines WHERE document = '${String(id)}'`;
  expect((await tally('query', line))['rows']).toEqual([{ name: 'Bun', amountMinor: 120 }]);
  const { status, stderr } = await runTally('stock', 'receive', ...buns, '--scope', 'b/9', '--data', data);
  expect([status, stderr]).toEqual([1, expect.stringContaining('tally sync')]);
  expect(await runTally('prove', '--data', data)).toMatchObject({ status: 0 });
});

it('says of what has not its form which option or member of a line it is, not what a schema expected', async () => {
  const refusal = async (...words: readonly string[]): Promise<string> => {
    const { status, stderr } = await runTally(...words, '--data', data);
    return `${status} ${stderr.trim()}`;
  };
  const sent = ['--to', 'b/9', '--lines', 'sku=TEE,quantity=1,unit-cost=1.00;sku=TEE,quantity=1'];
  expect(await refusal('transfer', 'dispatch', ...sent)).toMatch(/^1 .*--lines, line 2, unit-cost: is missing/);
  const paid = await refusal('seller', 'pay', '--seller', 'bob', '--amount', '5.00', '--account', '1000');
  expect(paid).toMatch(
    /^1 .*--seller: has not the form .*a number such as S-104.*kernel\/bad-args.*tally seller --help/,
  );
  expect(paid).not.toContain('[0-9]');
  const line = await refusal('account', 'pay', '--customer', 'c-1', '--tenders', 'kind=cash');
  expect(line).toMatch(/--tenders, line 1, amount: is missing/);
});
