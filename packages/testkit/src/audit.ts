/** What must hold of a shop's books in every state, asked in plain SQL: the tables agree with each other, whatever was folded in which order. */
import type { SqlValue } from '@tallystick/kernel';

/** The reading side of a book. */
export interface Audited {
  query(sql: string, params?: readonly SqlValue[]): readonly Readonly<Record<string, SqlValue>>[];
}

/** Each question answers the rows that break a rule. */
const rules: Readonly<Record<string, string>> = {
  'postings balance per op and currency':
    'SELECT op, currency, sum(amountMinor) AS wrong FROM postings GROUP BY scope, op, currency HAVING wrong <> 0',
  'balances are the sum of postings': `
    SELECT scope, account, currency, sum(amountMinor) AS wrong FROM (
      SELECT scope, account, currency, amountMinor FROM postings
      UNION ALL SELECT scope, account, currency, -amountMinor FROM balances
    ) GROUP BY scope, account, currency HAVING wrong <> 0`,
  'the trial balance is zero':
    'SELECT currency, sum(amountMinor) AS wrong FROM balances GROUP BY currency HAVING wrong <> 0',
  'on-hand is the sum of movements': `
    SELECT scope, sku, sum(quantity) AS wrong FROM (
      SELECT scope, sku, CASE WHEN kind IN ('sale', 'refund', 'void', 'exchange') THEN -quantity WHEN kind IN ('receipt', 'adjustment', 'dispatch', 'arrival', 'settlement', 'count') THEN quantity ELSE 0 END AS quantity FROM documentLines
      UNION ALL SELECT scope, sku, -onHand FROM stock
    ) GROUP BY scope, sku HAVING wrong <> 0`,
  'a document totals its lines': `
    SELECT d.id, d.totalMinor AS wrong FROM documents d WHERE d.totalMinor <> (
      SELECT sum(l.amountMinor + l.taxMinor) FROM documentLines l WHERE l.scope = d.scope AND l.document = d.id)`,
  'tenders pay for what was sold': `
    SELECT d.id, d.totalMinor AS wrong FROM documents d WHERE d.kind IN ('sale', 'refund', 'void', 'exchange') AND d.totalMinor <> (
      SELECT coalesce(sum(t.amountMinor), 0) FROM tenders t WHERE t.scope = d.scope AND t.document = d.id)`,
  'nothing is given back twice': `
    SELECT r.document, r.line, r.quantity AS wrong FROM refunded r JOIN documentLines l USING (scope, document, line)
     WHERE r.quantity < 0 OR (r.quantity > l.quantity AND NOT EXISTS (SELECT 1 FROM corrections c WHERE c.scope = r.scope
       AND c.code || coalesce(c.details ->> 'and', '') LIKE '%retail/over-refunded%' AND c.details ->> 'document' = r.document))`,
  'document numbers have no gap': `
    SELECT device, substr(number, 1, instr(number, '/')) AS series, count(*) AS wrong FROM documents GROUP BY scope, device, series
    HAVING count(*) + (SELECT count(*) FROM refusedDocuments r WHERE r.scope = documents.scope AND r.device = documents.device
      AND substr(r.number, 1, instr(r.number, '/')) = substr(documents.number, 1, instr(documents.number, '/'))
      AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.scope = r.scope AND d.id = r.id))
    <> (SELECT issued FROM counters c WHERE c.device = documents.device AND c.scope = documents.scope AND c.series || '/' = substr(documents.number, 1, instr(documents.number, '/')))`,
  'a refused op has no document unless it was adopted': `
    SELECT r.id, 1 AS wrong FROM refusals r JOIN documents d ON d.id = r.id AND d.scope = r.scope
     WHERE NOT EXISTS (SELECT 1 FROM recoveries v WHERE v.scope = r.scope AND v.op = r.hash AND v.kind = 'recovered')`,
};

export interface Finding {
  readonly rule: string;
  readonly row: Readonly<Record<string, SqlValue>>;
}

/** Every row of a shop's book that contradicts another. Empty for books that are right. */
export function auditShop(book: Audited): readonly Finding[] {
  return Object.entries(rules).flatMap(([rule, sql]) => book.query(sql).map((row) => ({ rule, row })));
}
