/** The chain of custody as it was signed, over all scopes, and what transfers say that is not so. */
import type { BookReader } from '@tallystick/ledger';
import { parseCustodyTerms } from './custody.ts';

/** One change of hands, in the order in which they follow each other. */
export interface CustodyStep {
  readonly scope: string;
  readonly offer: string;
  /** Hash of the answer; what follows names it. '' where there is none yet. */
  readonly answer: string;
  readonly giver: string;
  readonly taker: string;
  readonly state: string;
  /** True when it follows, by hash and by who has the goods, what both sides signed before. */
  readonly isLinked: boolean;
  /** What the giver lost since it took the goods over, by line: what was signed for before less what was handed on. */
  readonly lost: readonly number[];
  /** True when the giver says that it took over what it signed for. */
  readonly isConsistent: boolean;
  readonly gave: readonly number[];
}

/** What is wrong with a transfer; empty for honest books that are whole. */
export interface TransferFault {
  readonly transfer: string;
  readonly kind:
    | 'not-dispatched'
    | 'other-scope'
    | 'received-twice'
    | 'other-goods'
    | 'custody-broken'
    | 'custody-differs';
  /** The scope that says it, and the device where it is one device's word. */
  readonly scope: string;
  readonly device: string;
}

/** Something that came in from a scope whose log is not here, so that only a book that has it can say whether it was sent. */
export interface UnseenTransfer {
  readonly transfer: string;
  /** Where it came in. */
  readonly scope: string;
  readonly fromScope: string;
}

interface Signed {
  readonly scope: string;
  readonly offer: string;
  readonly answer: string;
  readonly giver: string;
  readonly taker: string;
  readonly state: string;
  readonly after: string;
  readonly took: readonly number[];
  readonly gave: readonly number[];
}

/** The changes of hands of a transfer: first those that are linked, from the dispatch on, then whatever else was signed about it. */
export function custodyOf(book: BookReader, transfer: string): readonly CustodyStep[] {
  const [head] = book.query(
    'SELECT dispatch FROM transfers WHERE transfer = ? UNION ALL SELECT dispatch FROM arrivals WHERE transfer = ?',
    [transfer, transfer],
  );
  let had = book
    .query("SELECT 0 - quantity AS sent FROM documentLines WHERE document = ? AND kind = 'dispatch' ORDER BY line", [
      transfer,
    ])
    .map((row) => Number(row['sent']));
  const rest = signedFor(book, transfer);
  const steps: CustodyStep[] = [];
  let link = String(head?.['dispatch'] ?? '');
  let holder = '';
  for (let bound = rest.length; bound > 0; bound--) {
    const index = rest.findIndex(({ after, giver }) => after === link && (holder === '' || giver === holder));
    const next = rest[index];
    if (next === undefined) break;
    rest.splice(index, 1);
    steps.push(stepOf(next, had, true));
    if (next.state !== 'accepted') continue;
    [link, holder, had] = [next.answer, next.taker, [...next.gave]];
  }
  return [...steps, ...rest.map((other) => stepOf(other, other.took, false))];
}

function stepOf(signed: Signed, before: readonly number[], isLinked: boolean): CustodyStep {
  const { after: _after, took, ...step } = signed;
  const had = before.length === took.length ? before : took;
  const isConsistent = took.every((quantity, line) => quantity === had[line]);
  const lost = step.gave.map((quantity, line) => (had[line] ?? quantity) - quantity);
  return { ...step, isLinked, isConsistent, lost };
}

function signedFor(book: BookReader, transfer: string): Signed[] {
  const rows = book.query(
    `SELECT scope, offer, answer, "from" AS giver, "to" AS taker, state, terms FROM tallies
      WHERE kind = 'custody' AND subject = ? ORDER BY CASE state WHEN 'accepted' THEN 0 ELSE 1 END, scope, offer`,
    [transfer],
  );
  return rows.flatMap(({ scope, offer, answer, giver, taker, state, terms }) => {
    const read = parseCustodyTerms(String(terms));
    if (read === undefined) return [];
    const who = { scope: String(scope), giver: String(giver), taker: String(taker), state: String(state) };
    return [{ ...who, offer: String(offer), answer: String(answer), ...read }];
  });
}

// `scopes` has a row of each log that this book holds any op of.
const isSenderHere = 'EXISTS (SELECT 1 FROM scopes s WHERE s.scope = a.fromScope)';

const arrivalFaults = `
  SELECT a.transfer, 'not-dispatched' AS kind, a.scope FROM arrivals a
   WHERE NOT EXISTS (SELECT 1 FROM transfers t WHERE t.scope = a.fromScope AND t.transfer = a.transfer) AND ${isSenderHere}
  UNION ALL SELECT a.transfer, 'other-scope', a.scope FROM arrivals a JOIN transfers t USING (transfer) WHERE t.toScope <> a.scope
  UNION ALL SELECT transfer, 'received-twice', max(scope) FROM arrivals GROUP BY transfer HAVING count(*) > 1
  UNION ALL SELECT a.transfer, 'other-goods', a.scope FROM arrivals a JOIN transfers t ON t.scope = a.fromScope AND t.transfer = a.transfer
   WHERE t.dispatch <> a.dispatch OR t.amountMinor <> a.amountMinor OR EXISTS (
     SELECT 1 FROM documents d WHERE d.scope = a.scope AND d.id = a.arrival AND d.currency <> t.currency
   ) OR EXISTS (
     SELECT 1 FROM documentLines l
       LEFT JOIN lotMoves s ON s.scope = l.scope AND s.document = l.document AND s.line = l.line
       LEFT JOIN lotMoves r ON r.scope = a.scope AND r.document = a.arrival AND r.line = l.line
      WHERE l.scope = t.scope AND l.document = t.transfer AND coalesce(s.lot, '') <> coalesce(r.lot, '')
   ) OR EXISTS (
     SELECT 1 FROM (
       SELECT line, sku, quantityScale, 0 - quantity AS sent FROM documentLines WHERE scope = t.scope AND document = t.transfer
       UNION ALL SELECT line, sku, quantityScale, 0 - quantity FROM documentLines WHERE scope = a.scope AND document = a.arrival
       UNION ALL SELECT o.line, o.sku, l.quantityScale, 0 - o.quantity FROM transitLosses o
         JOIN documentLines l ON l.scope = a.scope AND l.document = a.arrival AND l.line = o.line
        WHERE o.scope = a.scope AND o.transfer = a.transfer
     ) GROUP BY line, sku, quantityScale HAVING sum(sent) <> 0)`;

/** What came in from scopes that this book does not hold, such as the depot of a van: whether that fits is for a book that holds both. */
export function unseenTransfers(book: BookReader): readonly UnseenTransfer[] {
  const rows = book.query(
    `SELECT a.transfer, a.scope, a.fromScope FROM arrivals a WHERE NOT ${isSenderHere} ORDER BY a.transfer, a.scope`,
    [],
  );
  return rows.map(({ transfer, scope, fromScope }) => ({
    transfer: String(transfer),
    scope: String(scope),
    fromScope: String(fromScope),
  }));
}

/**
 * Whatever scopes say of a transfer that does not fit; of what `unseenTransfers` names only that it came in twice. `not-dispatched` may only mean that the last ops
 * of the sending scope have not come in yet.
 */
export function transferFaults(book: BookReader): readonly TransferFault[] {
  const faults: TransferFault[] = book
    .query(`SELECT transfer, kind, scope, '' AS device FROM (${arrivalFaults}) ORDER BY transfer, kind, scope`, [])
    .map((row) => ({
      transfer: String(row['transfer']),
      kind: String(row['kind']) as TransferFault['kind'],
      scope: String(row['scope']),
      device: '',
    }));
  const unseen = new Set(unseenTransfers(book).map(({ transfer }) => transfer));
  for (const { subject } of book.query(
    "SELECT DISTINCT subject FROM tallies WHERE kind = 'custody' ORDER BY subject",
    [],
  )) {
    const transfer = String(subject);
    // The first hands that it went through signed in the sender's log.
    if (unseen.has(transfer)) continue;
    for (const step of custodyOf(book, transfer)) {
      if (step.state !== 'accepted') continue;
      const about = { transfer, scope: step.scope, device: step.giver };
      if (!step.isLinked) faults.push({ ...about, kind: 'custody-broken' });
      else if (!step.isConsistent) faults.push({ ...about, kind: 'custody-differs' });
    }
  }
  return faults;
}
