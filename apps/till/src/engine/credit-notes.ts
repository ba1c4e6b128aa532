// A return that is paid with a credit note: the money of the refund is paid straight back in as a deposit, and out of that the till issues a
// gift balance as a token. Every step can be found again by the request's key, so what was interrupted is gone on with and nothing is written twice.
import type { DeviceKey } from '@tallystick/sign';
import { retailAccounts } from '@tallystick/retail';
import { moveCashEntry } from './cash-entries.ts';
import { claimScope, loadEntitlements, mayClaim, openDay } from './entitlements.ts';
import type { Entry, Failed, Found } from './entry.ts';
import { describeShop, type OpenShop, readSession } from './open-shop.ts';
import type { CreditNote } from './port.ts';
import type { CreditNoteRequest } from './requests.ts';
import { noSession, refundEntry } from './sale-entries.ts';
import { tillCrypto } from './till-book.ts';

const notAdmitted: Failed = {
  ok: false,
  code: 'kernel/unknown-device',
  message: 'This till was not let in where the shop issues and claims.',
};

export const creditNoteEntry: Entry<CreditNoteRequest, CreditNote> = {
  find: (shop, request) => {
    const refund = findRefund(shop, request);
    if (refund === undefined || !refund.ok) return refund;
    const token = issuedFor(shop, refund.id);
    return token === undefined ? undefined : { ok: true, id: refund.id };
  },
  write: async (shop, request) => {
    const session = readSession(shop);
    if (session === undefined) return noSession;
    if (!mayClaim(shop)) return notAdmitted;
    const refund = findRefund(shop, request) ?? (await refundEntry.write(shop, asRefund(request)));
    if (!refund.ok) return refund;
    const { number, amountMinor } = refunded(shop, refund.id);
    const deposit = { kind: 'in', session: session.id, amountMinor, account: retailAccounts.customerDeposits } as const;
    const move = { ...deposit, reason: `credit note for ${number}`, after: refund.id };
    const paid = moveCashEntry.find(shop, move) ?? (await moveCashEntry.write(shop, move));
    // From here on there is a refund, which has to be said with whatever else went wrong.
    if (!paid.ok) return { ok: false, code: 'till/note-unpaid', message: number };
    const issued = await issue(shop, refund.id, amountMinor);
    return issued.ok ? issued : { ok: false, code: 'till/note-unissued', message: number };
  },
  begun: (shop, request) => {
    const refund = findRefund(shop, request);
    if (refund?.ok !== true) return undefined;
    return { ok: false, code: 'till/note-begun', message: refunded(shop, refund.id).number };
  },
  show: (shop, id) => {
    const { number, amountMinor } = refunded(shop, id);
    const url = shop.log.meta(urlName(id));
    return url === undefined ? undefined : { number, amountMinor, url, skus: skusIn(shop, id) };
  },
};

function skusIn({ book, record }: OpenShop, document: string): readonly string[] {
  const rows = book.query<{ readonly sku: string }>('SELECT sku FROM documentLines WHERE scope = ? AND document = ?', [
    record.scope,
    document,
  ]);
  return rows.map(({ sku }) => sku);
}

function asRefund({ key, document, lines, reason }: CreditNoteRequest): Parameters<typeof refundEntry.write>[1] {
  return { key, document, lines, reason, tender: 'cash' };
}

function findRefund(shop: OpenShop, request: CreditNoteRequest): Found | Failed | undefined {
  return refundEntry.find(shop, asRefund(request));
}

function refunded({ book, record }: OpenShop, id: string): { readonly number: string; readonly amountMinor: number } {
  const [row] = book.query<{ readonly number: string; readonly totalMinor: number }>(
    'SELECT number, totalMinor FROM documents WHERE scope = ? AND id = ?',
    [record.scope, id],
  );
  return { number: row?.number ?? '', amountMinor: 0 - (row?.totalMinor ?? 0) };
}

/** The log keeps the link, which only the customer has beside it: printed once more it is the same. */
function urlName(refund: string): string {
  return `till/credit-note/${refund}`;
}

function issuedFor(shop: OpenShop, refund: string): string | undefined {
  const token = shop.log.meta(`${urlName(refund)}/token`) ?? '';
  const [row] = shop.book.query<{ readonly token: string }>(
    'SELECT token FROM entitlements WHERE scope = ? AND token = ?',
    [claimScope(shop), token],
  );
  return row?.token;
}

async function issue(shop: OpenShop, refund: string, amountMinor: number): Promise<Found | Failed> {
  const { mintEntitlement } = await loadEntitlements();
  const { hasher } = await tillCrypto();
  const { book, log } = shop;
  const key = await keyInForce(shop);
  if (key === undefined)
    return { ok: false, code: 'kernel/not-enrolled', message: 'The key of this till is not here.' };
  const { currency } = describeShop(shop);
  const account = retailAccounts.customerDeposits;
  const draft = { kind: 'gift', holder: 'bearer', currency, amountMinor, day: openDay(shop), account } as const;
  const number = hasher.sha256Hex(`tallystick/till/credit-note\n${refund}`).slice(0, 32);
  const { url, args } = await mintEntitlement(draft, { key, book: book.id, page: tokenPage(), hasher, number });
  await log.setMeta(urlName(refund), url);
  await log.setMeta(`${urlName(refund)}/token`, args.token);
  const [commit] = await book.commitAll([{ verb: 'entitlement.issue', args, scope: claimScope(shop) }]);
  if (commit === undefined || commit.ok) return { ok: true, id: refund };
  return { ok: false, code: commit.code, message: `The book refused it (${commit.code}).` };
}

/** The page that a phone opens; the token is behind its `#`, which no server is told. */
function tokenPage(): string {
  const { host = 'localhost' } = (globalThis.location ?? {}) as Partial<Location>;
  return /^[a-z0-9.-]+(:\d{1,5})?$/.test(host) ? `https://${host}/` : 'https://localhost/';
}

/** The key that signs for this till now, among those that its book has asked for. */
async function keyInForce({ book, keys }: OpenShop): Promise<DeviceKey | undefined> {
  const [row] = book.query<{ readonly keyId: string }>('SELECT keyId FROM devices WHERE device = ? LIMIT 1', [
    book.device,
  ]);
  for (let generation = 1; ; generation++) {
    const name = generation === 1 ? 'device' : `renewed-${generation}`;
    for (let turn = 1; ; turn++) {
      const key = await keys.load(turn === 1 ? name : `${name}-${turn}`);
      if (key?.keyId === row?.keyId) return key;
      if (key !== undefined) continue;
      if (turn === 1) return undefined;
      break;
    }
  }
}
