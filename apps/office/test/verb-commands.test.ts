// A shop's day said by a person: no JSON, no ids, no minor units. And every verb has a command.
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { deviceKey, enrolDevice, openOrCreateOffice, openTill, shopVerbs } from '../src/book.ts';
import { commandHelp } from '../src/command.ts';
import { requireData } from '../src/commands/init.ts';
import { verbCommand, verbNouns } from '../src/commands/verb-commands.ts';
import { homeAt } from '../src/home.ts';
import { hasOptions, readOptions, shapeOf } from '../src/verb-options.ts';
import { tallyIn } from './tally-here.ts';
import { runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const data = temporaryFolder();
const tally = tallyIn(data);

beforeAll(async () => {
  await runTally('init', '--data', data);
  await tally('day', '2026-11-21');
});

it('orders, takes in, bills and pays, and puts by and hands over, as people say it', async () => {
  const terms = ['--category', '', '--tax-rate-basis-points', '0', '--negative-stock', 'allow', '--active', '1'];
  await tally('product', 'set', '--sku', 'TEA', '--name', 'Tea', '--unit-scale', '3', ...terms);
  await tally('purchase', 'order', '--supplier', 'S-1', '--lines', 'sku=TEA,quantity=2.5,unit-cost=4.00');
  const order = 'PO/Office/2026-11-21/1';
  await tally('purchase', 'receive', '--order', order, '--reference', 'D-1', '--lines', 'line=1,quantity=2500');
  const bill = ['--supplier', 'S-1', '--reference', 'B-1'];
  await tally('purchase', 'bill', ...bill, '--order', order, '--lines', 'line=1,quantity=2500,unit-cost=4.00');
  await tally('purchase', 'pay', ...bill, '--amount', '10.00', '--account', '1010');
  const goods = 'sku=TEA,quantity=0.5,unit-price=9.00';
  await tally('layaway', 'open', '--customer', 'c-1', '--tax-included', 'true', '--lines', goods);
  const layaway = 'LAY/Office/2026-11-21/1';
  await tally('layaway', 'collect', '--layaway', layaway, '--tenders', 'kind=cash,amount=4.50');
  await tally('session', 'open', '--float', '20.00');
  await tally('cash', 'drop', '--session', 'Office', '--amount', '5', '--reason', 'safe');
  await tally('session', 'close', '--session', 'Office', '--counted', '15');
  await tally('stock', 'count', '--reason', 'evening', '--lines', 'sku=TEA,counted-quantity=1.9,unit-cost=4.00');
  const { rows } = await tally('query', 'SELECT onHand FROM stock');
  expect(rows).toEqual([{ onHand: 1_900 }]);
  const { rows: balances } = await tally(
    'query',
    'SELECT account, amountMinor AS n FROM balances WHERE n <> 0 ORDER BY 1',
  );
  expect(balances).toEqual([
    { account: '1000', n: 450 },
    { account: '1010', n: -1_000 },
    { account: '4000', n: -450 },
    { account: '5000', n: 960 },
    { account: '5900', n: 40 },
  ]);
});

it('takes back what a document sold at what it sold it for, whatever it costs by now', async () => {
  const terms = ['--category', '', '--tax-rate-basis-points', '2000', '--negative-stock', 'allow', '--active', '1'];
  await tally('product', 'set', '--sku', 'CUP', '--name', 'Cup', '--unit-scale', '0', ...terms);
  await tally('price', 'set', '--sku', 'CUP', '--unit-price', '6.00');
  const trade = ['--lines', 'sku=CUP,quantity=1', '--tax-included', 'true'];
  const sold = await tally('sale', 'complete', ...trade, '--tenders', 'kind=card,amount=6.00');
  await tally('price', 'set', '--sku', 'CUP', '--unit-price', '9.00');
  const numberOf = async (id: unknown): Promise<unknown> => {
    const { rows } = await tally('query', `SELECT number FROM documents WHERE id = '${String(id)}'`);
    return (rows as { number: string }[])[0]?.number;
  };
  const original = ['--original', String(await numberOf(sold['id'])), '--reason', 'chipped'];
  const given = await tally('sale', 'refund', ...original, ...trade, '--tenders', 'kind=card,amount=6.00');
  const { rows } = await tally(
    'query',
    `SELECT unitPriceMilliMinor AS price, taxMinor FROM documentLines WHERE document = '${String(given['id'])}'`,
  );
  expect(rows).toEqual([{ price: 600_000, taxMinor: -100 }]);
});

it('takes back a line that is named, and never at the price of today', async () => {
  const refund = (original: string, lines: string, amount: string): Promise<Record<string, unknown>> => {
    const terms = ['--reason', 'chipped', '--tax-included', 'true', '--tenders', `kind=card,amount=${amount}`];
    return tally('sale', 'refund', '--original', original, '--lines', lines, ...terms);
  };
  const cups =
    'sku=CUP,quantity=1,unit-price=4.00;sku=CUP,quantity=1,unit-price=5.00;sku=JAR,name=Jar,quantity=1,unit-price=7,discount=1,tax-rate-basis-points=0';
  const trade = ['--lines', cups, '--tax-included', 'true', '--tenders', 'kind=card,amount=15'];
  const sold = String((await tally('sale', 'complete', ...trade))['id']);
  await expect(refund(sold, 'sku=CUP,quantity=1', '9')).rejects.toThrow('several lines of CUP: say line=');
  await expect(refund(sold, 'sku=NAN,quantity=1', '9')).rejects.toThrow('no such line of NAN');
  const given = await refund(sold, 'line=2,sku=CUP,quantity=1;line=3,sku=JAR,quantity=1', '11');
  const sql = `SELECT unitPriceMilliMinor AS price FROM documentLines WHERE document = '${String(given['id'])}' ORDER BY line`;
  expect((await tally('query', sql))['rows']).toEqual([{ price: 500_000 }, { price: 700_000 }]);
  const swap = ['--back', 'line=1,sku=CUP,quantity=1', '--lines', 'sku=CUP,quantity=1,unit-price=4.00'];
  const swapped = await tally(
    'sale',
    'exchange',
    '--original',
    sold,
    ...swap,
    '--tax-included',
    'true',
    '--tenders',
    '[]',
    '--reason',
    'colour',
  );
  expect((await refund(String(swapped['id']), 'sku=CUP,quantity=1', '4'))['id']).toBeDefined();
});

it('needs to be told no more than what is new', async () => {
  await tally('product', 'set', '--sku', 'PEN', '--name', 'Pen', '--tax-rate-basis-points', '2000');
  await tally('product', 'set', '--sku', 'PEN', '--category', 'desk');
  const product = "SELECT name, category, taxRateBasisPoints AS tax, active FROM products WHERE sku = 'PEN'";
  expect((await tally('query', product))['rows']).toEqual([{ name: 'Pen', category: 'desk', tax: 2_000, active: 1 }]);
  await tally('price', 'set', '--sku', 'PEN', '--unit-price', '2.505');
  await tally('price', 'set', '--sku', 'PEN', '--unit-price', '3.00');
  const said = await tally('report', 'product', 'PEN');
  expect(said['product']).toMatchObject([
    { category: '', now: '' },
    { category: 'desk', now: 'stands' },
  ]);
  expect(said['prices']).toMatchObject([
    { price: '2.505', now: '' },
    { price: '3.00', now: 'stands' },
  ]);
  await tally('customer', 'set', '--customer', 'c-8', '--limit', '90');
  await tally('customer', 'set', '--customer', 'c-8', '--terms-days', '7');
  const { terms, customer } = await tally('report', 'customer', 'c-8');
  expect(terms).toMatchObject([{ termsDays: 30 }, { limitMinor: 9_000, termsDays: 7, overLimit: 'refuse' }]);
  expect(customer).toEqual([]);

  const { id: session } = await tally('session', 'open', '--float', '10');
  const sold = await tally('sale', 'complete', '--lines', 'sku=PEN,quantity=2', '--tenders', 'kind=cash,amount=10');
  expect(sold).toMatchObject({ number: expect.stringMatching(/^INV\/Office\//), changeMinor: 400 });
  const outside = ['--tenders', 'kind=cash', '--session', 'none'];
  await tally('sale', 'complete', '--lines', 'sku=PEN,quantity=1', ...outside);
  const onTop = ['--tax-included', 'false', '--lines', 'sku=PEN,quantity=3,discount=1'];
  const { number } = await tally('sale', 'complete', ...onTop, '--tenders', 'kind=cash');
  const back = ['--original', String(number), '--lines', 'sku=PEN,quantity=1', '--tenders', 'kind=cash'];
  const returned: unknown[] = [];
  for (let pen = 0; pen < 3; pen++) {
    const { id } = await tally('sale', 'refund', ...back, '--reason', 'dry');
    returned.push(
      ...((await tally('query', `SELECT totalMinor FROM documents WHERE id = '${String(id)}'`))['rows'] as []),
    );
  }
  // A pound off three pens, and tax on top: each pen is worth a third of the 9.60 that were paid.
  expect(returned).toEqual([{ totalMinor: -320 }, { totalMinor: -320 }, { totalMinor: -320 }]);
  const tax =
    "SELECT sum(taxMinor) AS minor FROM documentLines WHERE sku = 'PEN' AND line = 1 AND document IN (SELECT id FROM documents WHERE ? IN (number, original, id))";
  const [sold3] = (await tally('query', `SELECT id FROM documents WHERE number = '${String(number)}'`))['rows'] as {
    id: string;
  }[];
  expect((await tally('query', tax.replace('?', `'${sold3?.id}'`)))['rows']).toEqual([{ minor: 0 }]);
  await expect(tally('sale', 'refund', ...back, '--reason', 'dry')).rejects.toThrow('retail/over-refunded');
  await tally('stock', 'receive', '--reference', 'D-9', '--lines', 'sku=PEN,quantity=5,unit-cost=1.50');
  await tally('stock', 'count', '--reason', 'evening', '--lines', 'sku=PEN,counted-quantity=1');
  const counted = "SELECT totalMinor FROM documents WHERE kind = 'count' AND number LIKE '%/2'";
  expect((await tally('query', counted))['rows']).toEqual([{ totalMinor: -150 }]);
  await tally('session', 'close', '--counted', '16');
  const closed = (await tally('report', 'session', String(session)))['session'];
  // 10.00 and 6.00; 9.60 came in and went out.
  expect(closed).toMatchObject({ expectedMinor: 1_600, overMinor: 0 });
});

it('pays what is due by a tender that names no amount, in an exchange and of a layaway, and takes either name of a document', async () => {
  const totalOf = async (id: unknown): Promise<unknown> =>
    (await tally('query', `SELECT kind, amountMinor FROM tenders WHERE document = '${String(id)}' ORDER BY line`))[
      'rows'
    ];
  const goods = ['--lines', 'sku=PEN,quantity=2,unit-price=3.00,tax-rate-basis-points=0'];
  const sold = await tally('sale', 'complete', ...goods, '--tenders', 'kind=card');
  const back = ['--document', String(sold['number']), '--back', 'sku=PEN,quantity=1', '--reason', 'ink'];
  const dearer = ['--lines', 'sku=PEN,quantity=1,unit-price=4.50,tax-rate-basis-points=0', '--tenders', 'kind=card'];
  expect(await totalOf((await tally('sale', 'exchange', ...back, ...dearer))['id'])).toEqual([
    { kind: 'card', amountMinor: 150 },
  ]);
  const cheaper = ['--lines', 'sku=PEN,quantity=1,unit-price=1.00,tax-rate-basis-points=0', '--tenders', 'kind=card'];
  expect(await totalOf((await tally('sale', 'exchange', ...back, ...cheaper))['id'])).toEqual([
    { kind: 'card', amountMinor: -200 },
  ]);
  const put = await tally('layaway', 'open', '--customer', 'c-3', ...goods);
  const layaway = ['--layaway', String(put['number'])];
  await tally('layaway', 'pay', ...layaway, '--tenders', 'kind=card,amount=2.50');
  const collected = await tally('layaway', 'collect', ...layaway, '--tenders', 'kind=cash');
  expect(await totalOf(collected['id'])).toContainEqual({ kind: 'cash', amountMinor: 350 });
  const other = await tally('sale', 'complete', ...goods, '--tenders', 'kind=card');
  const named = ['--original', String(other['number']), '--reason', 'wrong'];
  await expect(tally('sale', 'void', ...named, '--document', 'INV/x/2026-11-21/1')).rejects.toThrow(
    'name one document',
  );
  await expect(tally('sale', 'void', ...named, '--tenders', 'kind=card')).rejects.toThrow('void takes no --tenders');
  expect((await tally('sale', 'void', ...named))['number']).toMatch(/^VOID|^V/);
});

it('reads a limit in the currency of its customer', async () => {
  await tally('customer', 'set', '--customer', 'c-9', '--currency', 'JPY', '--limit', '500');
  await tally('customer', 'set', '--customer', 'c-9', '--limit', '600');
  const terms = "SELECT currency, limitMinor FROM customers WHERE customer = 'c-9'";
  expect((await tally('query', terms))['rows']).toEqual([{ currency: 'JPY', limitMinor: 600 }]);
});

it('takes a tax class and a price list away where it is told so, and says no rate that its class goes before', async () => {
  await tally('tax', 'set', '--class', 'full', '--name', 'Full', '--rates', 'from=2026-01-01,basis-points=2000');
  const lamp = ['product', 'set', '--sku', 'LAMP', '--tax-rate-basis-points'] as const;
  await tally(...lamp, '2000', '--name', 'Lamp', '--tax-class', 'full');
  await expect(tally(...lamp, '700')).rejects.toThrow('LAMP is taxed as its class full says');
  await tally(...lamp, '2000', '--category', 'home');
  await tally(...lamp, '700', '--tax-class', '');
  const taxed = "SELECT taxClass, taxRateBasisPoints AS rate FROM products WHERE sku = 'LAMP'";
  expect((await tally('query', taxed))['rows']).toEqual([{ taxClass: '', rate: 700 }]);
  await tally('customer', 'set', '--customer', 'c-10', '--limit', '1', '--price-list', 'trade');
  await tally('customer', 'set', '--customer', 'c-10', '--price-list', '');
  const listed = "SELECT priceList FROM customers WHERE customer = 'c-10'";
  expect((await tally('query', listed))['rows']).toEqual([{ priceList: '' }]);
});

it('says whom to name by a number, and takes the folder that it is called in', async () => {
  const named = ['purchase', 'order', '--supplier', 'ACME', '--lines', 'sku=PEN,quantity=1,unit-cost=1'];
  await expect(tally(...(named as [string, string]))).rejects.toThrow('the supplier is a number such as S-104');
  expect(requireData(undefined, 'day', (path) => resolve(data, path))).toBe(data);
  expect(() => requireData(undefined, 'day', (path) => resolve(dirname(data), path))).toThrow('--data DIR is missing');
  expect(requireData('there', 'day', (path) => resolve('/', path))).toBe('/there');
});

it('reports what a shop asks in the evening', async () => {
  const [first] = (await tally('report', 'sessions'))['sessions'] as { session: string }[];
  const { session } = await tally('report', 'session', first?.session ?? '');
  expect(session).toMatchObject({ kind: 'Z', number: 'Z/Office/2026-11-21/1', droppedMinor: -500, overMinor: 0 });
  const shown = await runTally('report', 'sessions', '--data', data);
  expect(shown.stdout).toMatch(/opened day .*float .*\n.*\n.* Office .*20\.00 .*15\.00 .*15\.00/);
  await tally(
    'layaway',
    'open',
    '--customer',
    'c-2',
    '--tax-included',
    'true',
    '--lines',
    'sku=TEA,quantity=0.1,unit-price=9',
  );
  expect((await tally('report', 'layaways'))['layaways']).toMatchObject([{ customer: 'c-2', totalMinor: 90 }]);
  await expect(tally('report', 'customer')).rejects.toThrow('customer REF');
});

it('reads an amount in the currency of what it is paid for, not in that of the folder', async () => {
  const goods = 'sku=TEA,quantity=1,unit-price=5000';
  await tally('layaway', 'open', '--customer', 'c-3', '--currency', 'JPY', '--tax-included', 'true', '--lines', goods);
  await tally('layaway', 'pay', '--layaway', 'LAY/Office/2026-11-21/4', '--tenders', 'kind=card,amount=50');
  const bill = ['--supplier', 'S-2', '--reference', 'B-2'];
  await tally(
    'purchase',
    'order',
    '--supplier',
    'S-2',
    '--currency',
    'JPY',
    '--lines',
    'sku=TEA,quantity=2,unit-cost=400',
  );
  const order = ['--order', 'PO/Office/2026-11-21/2'];
  await tally('purchase', 'receive', ...order, '--reference', 'D-2', '--lines', 'line=1,quantity=2000');
  await tally('purchase', 'bill', ...bill, ...order, '--lines', 'line=1,quantity=2000,unit-cost=400');
  await tally('purchase', 'pay', ...bill, '--amount', '8', '--account', '1010');
  const sql = "SELECT sum(amountMinor) AS n FROM postings WHERE account = '1010' AND currency = 'JPY'";
  expect((await tally('query', sql))['rows']).toEqual([{ n: 42 }]);
});

it('gives the whole of a discount back, also of a line that one refund names twice', async () => {
  await tally('product', 'set', '--sku', 'INK', '--name', 'Ink', '--tax-rate-basis-points', '0');
  await tally('price', 'set', '--sku', 'INK', '--unit-price', '9.00');
  const paid = ['--tenders', 'kind=cash', '--session', 'none'];
  const { number } = await tally('sale', 'complete', '--lines', 'sku=INK,quantity=2,discount=1.01', ...paid);
  const twice = ['--original', String(number), '--lines', 'sku=INK,quantity=1;sku=INK,quantity=1', ...paid];
  const { id } = await tally('sale', 'refund', ...twice, '--reason', 'dry');
  const total = `SELECT totalMinor FROM documents WHERE id = '${String(id)}'`;
  expect((await tally('query', total))['rows']).toEqual([{ totalMinor: -1_699 }]);
});

it('gives back what was paid for so many that no price of one comes to it', async () => {
  const sell = (taxIncluded: string): Promise<Record<string, unknown>> => {
    const lines = 'sku=BOLT,name=Bolt,quantity=1501,unit-price=0.01234,tax-rate-basis-points=2000';
    return tally('sale', 'complete', '--lines', lines, '--tax-included', taxIncluded, '--tenders', 'kind=card');
  };
  // 18.52, and 3.70 on top or in it: neither the whole nor what is left of it is 1,501 times anything.
  for (const [taxIncluded, totalMinor] of [
    ['false', 2_222],
    ['true', 1_852],
  ] as const) {
    const { id, number } = await sell(taxIncluded);
    const original = ['--original', String(number), '--reason', 'rust', '--tenders', 'kind=card'];
    for (const quantity of [1, 1_499, 1])
      await tally('sale', 'refund', ...original, '--lines', `sku=BOLT,quantity=${quantity}`);
    const sums = `SELECT sum(totalMinor) AS totalMinor, sum(taxMinor) AS taxMinor FROM documents WHERE '${String(id)}' IN (id, original)`;
    expect((await tally('query', sums))['rows']).toEqual([{ totalMinor: 0, taxMinor: 0 }]);
    const whole = await sell(taxIncluded);
    const back = ['--lines', 'sku=BOLT,quantity=1501', '--reason', 'rust', '--tenders', 'kind=card'];
    const { id: given } = await tally('sale', 'refund', '--original', String(whole['number']), ...back);
    const total = `SELECT totalMinor FROM documents WHERE id = '${String(given)}'`;
    expect((await tally('query', total))['rows']).toEqual([{ totalMinor: 0 - totalMinor }]);
  }
});

it('countersigns: what one device offers, the other accepts or declines', async () => {
  const home = homeAt(data);
  const file = home.tillFile(0);
  mkdirSync(dirname(file), { recursive: true });
  let office = await openOrCreateOffice(home, 'Shop');
  await enrolDevice(office, await deviceKey(file), 'Carrier', 'carrier');
  const till = await openTill(file, office.id);
  await till.import(await office.export());
  await till.anchor();
  const terms = { kind: 'custody', subject: 'boxes', terms: { boxes: 7 } };
  const offers: string[] = [];
  for (const subject of ['boxes', 'crates']) {
    const offer = await till.commit('tally.offer', { to: office.device, ...terms, subject });
    if (!offer.ok) throw new Error(offer.code);
    offers.push(offer.hash);
  }
  await office.import(await till.export());
  await office.close();
  await tally('countersign', 'accept', offers[0]?.slice(0, 12) ?? '');
  await tally('countersign', 'decline', offers[1] ?? '', '--reason', 'nobody counted');
  await tally(
    'countersign',
    'offer',
    '--to',
    'Carrier',
    '--kind',
    'load',
    '--subject',
    'van',
    '--terms',
    '{"boxes":3}',
  );
  const { tallies } = (await tally('countersign', 'list')) as { tallies: { subject: string; state: string }[] };
  expect(tallies.map(({ subject, state }) => `${subject} ${state}`).sort()).toEqual([
    'boxes accepted',
    'crates declined',
    'van offered',
  ]);
  await expect(tally('countersign', 'accept', 'abc')).rejects.toThrow('is not one tally');
  office = await openOrCreateOffice(home, 'Shop');
  await till.import(await office.export());
  expect(till.query('SELECT state FROM tallies ORDER BY state')).toEqual(
    office.query('SELECT state FROM tallies ORDER BY state'),
  );
  await till.close();
  await office.close();
});

it('takes no tender where nothing is due: of an exchange for the like, and of a layaway that is paid', async () => {
  const goods = ['--lines', 'sku=MAT,name=Mat,quantity=1,unit-price=3.00,tax-rate-basis-points=0'];
  const { number } = await tally('sale', 'complete', ...goods, '--tenders', 'kind=card');
  const swap = ['--original', String(number), '--back', 'sku=MAT,quantity=1', ...goods, '--reason', 'colour'];
  const swapped = await tally('sale', 'exchange', ...swap, '--tenders', 'kind=cash');
  const again = await tally('sale', 'exchange', ...swap.with(1, String(swapped['number'])));
  const { id: layaway } = await tally('layaway', 'open', '--customer', 'c-1', ...goods);
  const kept = ['--layaway', String(layaway)];
  await tally('layaway', 'pay', ...kept, '--tenders', 'kind=card');
  const collected = await tally('layaway', 'collect', ...kept, '--tenders', 'kind=cash');
  for (const { id } of [swapped, again, collected]) {
    const { rows } = await tally('query', `SELECT * FROM tenders WHERE document = '${String(id)}' AND kind = 'cash'`);
    expect(rows).toEqual([]);
  }
});

it('says what is wrong before anything is committed', async () => {
  const refusal = async (...words: readonly string[]): Promise<string> => {
    const { status, stderr } = await runTally(...words, '--data', data);
    return `${status} ${stderr.trim()}`;
  };
  expect(await refusal('session', 'open', '--float', '1.001')).toMatch(/^2 .*--float: "1.001" is finer than GBP has/);
  expect(await refusal('session', 'opens')).toMatch(/^2 .*opens: open, close/);
});

it('gives the tax on top back too, where a person says that tax is in what is paid back', async () => {
  const gross = ['--tax-included', 'true', '--reason', 'colour'];
  const goods = 'sku=HAT,name=Hat,quantity=2,unit-price=4.00,tax-rate-basis-points=2000';
  const onTop = ['--lines', goods, '--tax-included', 'false', '--tenders', 'kind=card'];
  const { number } = await tally('sale', 'complete', ...onTop);
  const back = ['--original', String(number), ...gross];
  const given = await tally('sale', 'refund', ...back, '--lines', 'sku=HAT,quantity=1', '--tenders', 'kind=card');
  const cap = 'sku=CAP,name=Cap,quantity=1,unit-price=6.00,tax-rate-basis-points=2000';
  const swap = ['--back', 'sku=HAT,quantity=1', '--lines', cap, '--tenders', 'kind=card'];
  const swapped = await tally('sale', 'exchange', ...back, ...swap);
  const totals = `SELECT totalMinor FROM documents WHERE id IN ('${String(given['id'])}', '${String(swapped['id'])}') ORDER BY 1`;
  expect((await tally('query', totals))['rows']).toEqual([{ totalMinor: -480 }, { totalMinor: 120 }]);
});

it('reads what is not of its form as nothing', () => {
  const verb = shopVerbs.find(({ name }) => name === 'stock.count');
  const shape = shapeOf(verb as never);
  const read = (lines: string) => () =>
    readOptions(shape, (option) => (option === 'lines' ? lines : undefined), {
      currency: 'GBP',
      product: () => undefined,
      sold: () => undefined,
      idOf: () => undefined,
    });
  expect(read('sku=A,counted-quantity=1.5')).toThrow('is no number of its unit');
  expect(read('sku=A,sku=B')).toThrow('each once');
  expect(read('sku=A,colour=red')).toThrow('is none of');
  expect(read('[{')).toThrow('JSON');
  expect(read('sku=A,name=B=C, counted-quantity=2; ')()).toEqual({
    lines: [{ sku: 'A', name: 'B=C', countedQuantity: 2 }],
  });
});

it('has a command with help for every verb of a shop', () => {
  const elsewhere = ['period.close', 'period.carry', 'entitlement.issue', 'escrow.set', 'key.backup'];
  const erasing = ['hold', 'open', 'request', 'shred', 'acknowledge'].map((action) => `subject.${action}`);
  erasing.push('person.describe', 'reader.offer', 'retention.set');
  const said = verbNouns().flatMap(({ noun, actions }) => actions.split(' | ').map((action) => `${noun}.${action}`));
  // `tally countersign` has these.
  const countersigning = ['tally.offer', 'tally.accept', 'tally.decline'];
  const raw = shopVerbs
    .filter((verb) => !hasOptions(verb) && !countersigning.includes(verb.name))
    .map(({ name }) => name);
  const all = new Set([...said, ...elsewhere, ...erasing, ...countersigning, ...raw]);
  expect([...all].sort()).toEqual([...new Set(shopVerbs.map(({ name }) => name))].sort());
  expect(raw.filter((name) => !/^(reader|person|subject|retention|escrow|key)\./.test(name))).toEqual([]);
  for (const { noun } of verbNouns()) {
    const command = verbCommand(noun);
    if (command === undefined) throw new Error(noun);
    expect(commandHelp(command)).toContain('may be left out');
    for (const option of Object.keys(command.options)) expect(option).toMatch(/^[a-z][a-z-]*$/);
  }
});
