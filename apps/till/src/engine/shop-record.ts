// How this device knows on its next start which shop it belongs to: one line in the log file's own metadata.
import { type BookId, type DeviceId, parseBookId, parseDeviceId, parseScope, type Scope } from '@tallystick/oplog';

export interface ShopRecord {
  /** Undefined until the device's own book is opened for the first time. */
  readonly book: BookId | undefined;
  readonly scope: Scope;
  readonly relay: { readonly url: string; readonly vkey: string } | undefined;
  /** The office that let this till in, which takes its backups. */
  readonly office?: string | undefined;
  /** Its rows came from a backup, whose ops the log does not have: they lie beside it. */
  readonly isRestored?: boolean | undefined;
  /** Who this till is, where its key was put back. */
  readonly device?: DeviceId | undefined;
  /** What a shop of its own is called and counts in; a shop that was joined says so in its book. */
  readonly own: { readonly shop: string; readonly till: string; readonly currency: string } | undefined;
}

export const shopRecordName = 'till/shop';

export function encodeShopRecord(record: ShopRecord): string {
  return JSON.stringify(record);
}

/** Undefined when the line is not one of ours; never throws. */
export function parseShopRecord(text: string | undefined): ShopRecord | undefined {
  const value = parseJson(text ?? '');
  const scope = parseScope(value?.['scope']);
  if (value === undefined || scope === undefined) return undefined;
  const relay = parseRelay(value['relay']);
  const own = parseOwn(value['own']);
  const book = parseBookId(value['book']);
  const device = parseDeviceId(value['device']);
  const office = typeof value['office'] === 'string' && URL.canParse(value['office']) ? value['office'] : undefined;
  const isRestored = value['isRestored'] === true ? true : undefined;
  return relay === undefined && own === undefined ? undefined : { book, scope, relay, own, device, office, isRestored };
}

function parseRelay(value: unknown): ShopRecord['relay'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { url, vkey } = value as { url?: unknown; vkey?: unknown };
  return typeof url === 'string' && URL.canParse(url) && typeof vkey === 'string' ? { url, vkey } : undefined;
}

function parseOwn(value: unknown): ShopRecord['own'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { shop, till, currency } = value as { shop?: unknown; till?: unknown; currency?: unknown };
  if (typeof shop !== 'string' || typeof till !== 'string' || typeof currency !== 'string') return undefined;
  return { shop, till, currency };
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
