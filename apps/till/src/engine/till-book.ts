// The book as this till uses it: which verbs it knows, and what is added to the projections for its own look-ups.
import { portableHasher } from '@tallystick/chain';
import type { Book, BookStore, CryptoProvider } from '@tallystick/kernel';
import { guardVerbs } from '@tallystick/guards';
import { escrowVerbs } from '@tallystick/kernel/escrow';
import { subjectVerbs } from '@tallystick/kernel/subjects';
import { tallyVerbs } from '@tallystick/kernel/tally';
import { ledgerVerbs } from '@tallystick/ledger';
import { retailVerbs } from '@tallystick/retail';
import { choosePlatformEd25519 } from '@tallystick/sign';

export type TillVerbs = readonly [
  ...typeof ledgerVerbs,
  ...typeof guardVerbs,
  ...typeof retailVerbs,
  ...typeof escrowVerbs,
  ...typeof tallyVerbs,
  ...typeof subjectVerbs,
];
export type TillBook = Book<TillVerbs>;

export const tillVerbs: TillVerbs = [
  ...ledgerVerbs,
  ...guardVerbs,
  ...retailVerbs,
  ...escrowVerbs,
  ...tallyVerbs,
  ...subjectVerbs,
];

/** What a document's number ends with, as the index has it. */
export const countOfNumber = "substr(number, length(rtrim(number, '0123456789')) + 1)";

/** Portable hashes, and native signatures where the browser's hold to the acceptance rule. */
export async function tillCrypto(): Promise<CryptoProvider> {
  return { hasher: portableHasher, ed25519: await choosePlatformEd25519() };
}

/**
 * The till asks by day, by cart key, and for its own corrections and fiscal numbers on every sale, by session and for cash moved in it for a report, by the
 * count at the end of a number, for goods that came in for a count, and for what was paid back of a sale on account; without these each would scan a whole table.
 */
export function addLookUps(store: BookStore): void {
  store.sql.exec('CREATE INDEX IF NOT EXISTS till_documents_day ON documents (device, day)');
  store.sql.exec('CREATE INDEX IF NOT EXISTS till_documents_session ON documents (session)');
  store.sql.exec(`CREATE INDEX IF NOT EXISTS till_documents_count ON documents (${countOfNumber})`);
  store.sql.exec(
    "CREATE INDEX IF NOT EXISTS till_documents_moves ON documents (session) WHERE kind IN ('pay-in', 'pay-out', 'drop')",
  );
  store.sql.exec("CREATE INDEX IF NOT EXISTS till_documents_kind ON documents (kind) WHERE kind <> 'sale'");
  store.sql.exec('CREATE INDEX IF NOT EXISTS till_corrections_device ON corrections (device)');
  store.sql.exec('CREATE INDEX IF NOT EXISTS till_fiscal_blocks ON fiscalBlocks (device, drawnIn, series)');
  store.sql.exec('CREATE INDEX IF NOT EXISTS till_fiscal_uses ON fiscalUses (document)');
  store.sql.exec("CREATE INDEX IF NOT EXISTS till_documents_original ON documents (original) WHERE original <> ''");
  store.sql.exec("CREATE INDEX IF NOT EXISTS till_documents_external ON documents (external) WHERE external <> ''");
}
