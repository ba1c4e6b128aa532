// What shops send each other when there is no network: a file, a text to paste, codes on a screen, a mail. Signatures travel along, part of it
// is usually there already, and what is damaged says where.
import { openBook } from '@tallystick/kernel';
import { parseScope, type Scope } from '@tallystick/oplog';
import { createFrameCollector, encodeFrames, encodeText, type FrameSet } from '@tallystick/oplog/transport';
import { describe, expect, it } from 'vitest';
import type { ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const hq = parseScope('hq') as Scope;
const store = stores['better-sqlite3'];

async function trade(): Promise<{ book: ShopBook; early: Uint8Array; file: Uint8Array }> {
  const book = await openBook({ store: store(), keys: memoryKeys(), verbs: shopVerbs, edge: testEdge() });
  for (let n = 0; n < 3; n++) await book.commit('stock.move', { sku: 'apple', quantity: 1 });
  const early = await book.export();
  for (let n = 0; n < 4; n++) await book.commit('stock.move', { sku: 'pear', quantity: 2 });
  return { book, early, file: await book.export() };
}

async function reader(book: ShopBook): Promise<ShopBook> {
  return openBook({ store: store(), keys: memoryKeys(), verbs: shopVerbs, book: book.id });
}

function collect(...texts: readonly string[]): { set: FrameSet | undefined; damaged: readonly object[] } {
  const collector = createFrameCollector();
  const damaged = texts.flatMap((text) => collector.add(text));
  const [set, ...others] = collector.sets();
  expect(others).toEqual([]);
  return { set, damaged };
}

const mail = (file: Uint8Array): string => {
  const wrapped =
    encodeText(file)
      .replaceAll('\n', '')
      .match(/.{1,61}/g) ?? [];
  return ['Hello Ben,', 'here is the day:', ...wrapped.map((line) => `> > ${line}`), '', 'Anna'].join('\r\n');
};

/** How a file comes out at the other end. */
const forms: Readonly<Record<string, (file: Uint8Array) => Uint8Array | undefined>> = {
  file: (file) => file,
  'clipboard text': (file) => collect(encodeText(file)).set?.bundle,
  'QR codes, scanned from the middle of the animation on': (file) => {
    const frames = encodeFrames(file);
    return collect(...frames.slice(2), ...frames).set?.bundle;
  },
  'the body of a mail, wrapped and quoted': (file) => collect(mail(file)).set?.bundle,
};

describe.each(Object.entries(forms))('ops as %s', (_name, send) => {
  it('arrive with their signatures, whatever of them was there', async () => {
    const { book, early, file } = await trade();
    const copy = await reader(book);
    expect(await copy.import(early)).toMatchObject({ added: 5, known: 0 });
    expect(await copy.import(send(file) as Uint8Array)).toMatchObject({
      added: 4,
      known: 5,
      aside: [],
      undecodable: [],
    });
    expect(copy.digest()).toEqual(book.digest());
    const bytesIn = async (one: ShopBook): Promise<Uint8Array[]> =>
      (await one.log.pending(hq)).map(({ bytes }) => bytes);
    expect(await bytesIn(copy)).toEqual(await bytesIn(book));
  });
});

describe('a damaged text', () => {
  it('names the line and the frame; what comes before is taken, and the rest when that frame comes again', async () => {
    const { book, file } = await trade();
    const frames = encodeFrames(file);
    const broken = frames.with(
      3,
      (frames[3] as string).replace(/.(?=.{20}$)/, (sign) => (sign === 'A' ? 'B' : 'A')),
    );
    const { set, damaged } = collect(['Hello Ben,', ...broken].join('\n'));
    expect(damaged).toEqual([{ line: 5, number: 4 }]);
    expect(set).toMatchObject({ state: 'partial', missing: [4] });
    const copy = await reader(book);
    const torn = await copy.import(set?.bundle as Uint8Array);
    expect(torn.added).toBeGreaterThan(0);
    expect(torn).toMatchObject({ aside: [], undecodable: [] });
    expect(torn.tornAt).toBeLessThan(3 * 300);
    const again = collect(broken.join('\n'), frames[3] as string);
    expect(again.set?.state).toBe('whole');
    expect(await copy.import(again.set?.bundle as Uint8Array)).toMatchObject({
      added: 9 - torn.added,
      known: torn.added,
    });
    expect(copy.digest()).toEqual(book.digest());
  });

  it('whose frames were edited and closed anew is caught by the signatures', async () => {
    const { book, file } = await trade();
    const edited = Buffer.from(file);
    edited.write('9', edited.lastIndexOf('"quantity":2') + '"quantity":'.length);
    const { set, damaged } = collect(encodeText(edited));
    expect([damaged, set?.state]).toEqual([[], 'whole']);
    const copy = await reader(book);
    expect(await copy.import(set?.bundle as Uint8Array)).toMatchObject({
      added: 8,
      aside: [{ code: 'chain/signature' }],
    });
    expect(copy.query("SELECT onHand FROM stock WHERE sku = 'pear'")).toEqual([{ onHand: 6 }]);
  });
});
