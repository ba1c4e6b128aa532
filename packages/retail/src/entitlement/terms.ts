/** What a token says of its entitlement, in at most 160 bytes, so that a till that knows nothing of the issue can still read it. */
// oxlint-disable @tallystick/no-async -- at the edge: what it makes is recorded
import { isCurrency, isDay, isPlainText } from '@tallystick/ledger';
import type { BookId, JsonObject } from '@tallystick/oplog';
import type { DeviceKey } from '@tallystick/sign';
import { mintToken, parseTokenUrl } from '@tallystick/sign/token';
import type { Hasher } from '@tallystick/chain';
import type { EntitlementIssueArgs, EntitlementKind } from './args.ts';

export interface EntitlementTerms {
  readonly kind: EntitlementKind;
  readonly currency: string;
  readonly amountMinor: number;
  /** '' for no last day. */
  readonly untilDay: string;
  /** '' for any goods. */
  readonly sku: string;
  readonly quantity: number;
}

const kinds: readonly string[] = ['gift', 'coupon', 'prize', 'credit'];
const members: readonly string[] = ['amount', 'currency', 'kind', 'quantity', 'sku', 'until'];

/** The terms of a token, or undefined where they are not those of an entitlement. */
export function parseEntitlementTerms(terms: JsonObject): EntitlementTerms | undefined {
  const { amount, currency, kind, until = '', sku = '', quantity = 0 } = terms;
  const isStranger = Object.keys(terms)
    .sort()
    .some((name) => !members.includes(name));
  if (isStranger || typeof amount !== 'number' || amount < 1 || typeof quantity !== 'number') return undefined;
  if (typeof currency !== 'string' || !isCurrency(currency)) return undefined;
  if (typeof kind !== 'string' || !kinds.includes(kind)) return undefined;
  if (typeof until !== 'string' || !(until === '' || isDay(until))) return undefined;
  if (typeof sku !== 'string' || !isPlainText(sku, 64) || (sku === '') !== (quantity === 0)) return undefined;
  return { kind: kind as EntitlementKind, currency, amountMinor: amount, untilDay: until, sku, quantity };
}

/** What is issued, beside what the token itself decides. */
export type EntitlementDraft = Omit<EntitlementIssueArgs, 'token' | 'keyId'>;

export interface MintOptions {
  /** The issuing device's key in force. */
  readonly key: DeviceKey;
  readonly book: BookId;
  /** The page in the URL, such as `https://tea.example/t`. */
  readonly page: string;
  readonly hasher: Hasher;
  /** 32 random hex digits. */
  readonly number: string;
}

/** Signs the token of an entitlement: the URL for the customer, and the args of the `entitlement.issue` that names it. Throws what `mintToken` throws. */
export async function mintEntitlement(
  draft: EntitlementDraft,
  { key, book, page, hasher, number }: MintOptions,
): Promise<{ readonly url: string; readonly args: EntitlementIssueArgs }> {
  const { kind, holder, currency, amountMinor, untilDay, goods } = draft;
  const terms = {
    amount: amountMinor,
    currency,
    kind,
    ...(untilDay === undefined ? {} : { until: untilDay }),
    ...(goods === undefined ? {} : { sku: goods.sku, quantity: goods.quantity }),
  };
  const url = await mintToken({ page, kind: holder, book, number, terms }, key);
  const token = parseTokenUrl(url, hasher);
  if (!token.ok) throw new Error(`a token that was just minted is none: ${token.code}`);
  return { url, args: { ...draft, token: token.value.hash, keyId: key.keyId } };
}
