// What the page shows of ops that stand otherwise than meant or have no effect, and the document behind one.
import { correctionList, correctionWords, type Owed, refusalList } from '@tallystick/retail/corrections';
import type { ShopBook } from '../book.ts';
import { listDevices } from '../device-text.ts';
import { refusalWords } from '../refusal-words.ts';
import { redatedList, redatedWords } from '../redated.ts';
import { HttpRefusal } from './http.ts';

const maxShown = 200;

/** An op that stands otherwise than it was meant. */
export interface ShownCorrection {
  readonly op: string;
  readonly scope: string;
  readonly device: string;
  readonly verb: string;
  readonly reasons: readonly { readonly code: string; readonly why: string; readonly remedy: string }[];
  /** Its document, or null for an op without one. */
  readonly document: {
    readonly number: string;
    readonly day: string;
    readonly totalMinor: number;
    readonly currency: string;
  } | null;
  /** `who` as people call it. */
  readonly owed: readonly Owed[];
}

/** An op without effect. */
export interface ShownRefusal {
  readonly op: string;
  readonly device: string;
  readonly verb: string;
  readonly number: string;
  readonly why: string;
}

/** One document, whole. */
export interface ShownDocument {
  readonly number: string;
  readonly kind: string;
  readonly day: string;
  readonly at: number;
  readonly device: string;
  readonly customer: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly reason: string;
  readonly original: string;
  readonly lines: readonly {
    readonly name: string;
    readonly quantity: number;
    readonly quantityScale: number;
    readonly amountMinor: number;
  }[];
  readonly tenders: readonly { readonly kind: string; readonly amountMinor: number }[];
  readonly postings: readonly { readonly account: string; readonly name: string; readonly amountMinor: number }[];
}

export function readCorrections(book: ShopBook): readonly ShownCorrection[] {
  const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
  const redated = redatedList(book, { most: maxShown }).map((one): ShownCorrection => {
    const { op, scope, deviceId, number, recorded: day, totalMinor, currency } = one;
    const device = one.device === '' ? deviceId.slice(0, 8) : one.device;
    const said = {
      code: 'ledger/redated',
      why: redatedWords(one),
      remedy: 'Reports count it there; nothing is to be done.',
    };
    const document = number === '' ? null : { number, day, totalMinor, currency };
    return { op, scope, device, verb: 'entry.redate@1', reasons: [said], document, owed: [] };
  });
  const corrected = correctionList(book, { most: maxShown }).map(
    ({ op, scope, device, deviceName, verb, codes, document, owed, isDecided }) => ({
      op,
      scope,
      device: deviceName === '' ? device.slice(0, 8) : deviceName,
      verb,
      reasons: codes.map((code) => ({ code, ...correctionWords(code, isDecided) })),
      document: document === undefined ? null : document,
      owed: owed.map((one) => ({ ...one, who: names.get(one.who) ?? one.who })),
    }),
  );
  return [...corrected, ...redated];
}

export function readRefusals(book: ShopBook): readonly ShownRefusal[] {
  return refusalList(book, { most: maxShown }).map(({ op, device, deviceName, verb, number, code }) => ({
    op,
    device: deviceName === '' ? device.slice(0, 8) : deviceName,
    verb,
    number,
    why: refusalWords(code),
  }));
}

/** Throws a refusal of 404 where there is no such document. */
export function readDocument(book: ShopBook, scope: string, id: string): ShownDocument {
  const rows = <Row>(sql: string): readonly Row[] => book.query(sql, [scope, id]) as unknown as readonly Row[];
  const [document] = rows<Omit<ShownDocument, 'lines' | 'tenders' | 'postings'>>(
    `SELECT d.number, d.kind, d.day, d.at, coalesce((SELECT v.name FROM devices v WHERE v.device = d.device LIMIT 1), d.device) AS device,
        d.customer, d.currency, d.totalMinor, d.reason, coalesce((SELECT o.number FROM documents o WHERE o.scope = d.scope AND o.id = d.original), '') AS original
       FROM documents d WHERE d.scope = ? AND d.id = ?`,
  );
  if (document === undefined) throw new HttpRefusal(404, 'office/no-document', 'that document is not in the books');
  return {
    ...document,
    lines: rows(
      `SELECT CASE name WHEN '' THEN sku ELSE name END AS name, quantity, quantityScale, amountMinor + taxMinor AS amountMinor
         FROM documentLines WHERE scope = ? AND document = ? ORDER BY line LIMIT 200`,
    ),
    tenders: rows('SELECT kind, amountMinor FROM tenders WHERE scope = ? AND document = ? ORDER BY line'),
    postings: rows(
      `SELECT p.account, coalesce(a.name, '') AS name, p.amountMinor FROM postings p
         LEFT JOIN accounts a ON a.scope = 'hq' AND a.account = p.account WHERE p.scope = ? AND p.op = ? ORDER BY p.line`,
    ),
  };
}
