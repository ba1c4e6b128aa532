import { encodeHex } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAdmission } from '../src/engine/join.ts';
import { encodeShopRecord, parseShopRecord, type ShopRecord } from '../src/engine/shop-record.ts';
import { parseReturning } from '../src/keys/restoring.ts';
import { routeOf } from '../src/sw/routes.ts';

const book = encodeHex(new Uint8Array(32).fill(7)) as NonNullable<ShopRecord['book']>;
const scope = 'hq' as ShopRecord['scope'];
const relay = { url: 'https://relay.example', vkey: 'relay+abc+def' };

describe('an office’s answer', () => {
  const answer = { book, scope, relay, name: 'till-1', bundle: btoa('records') };

  it('is read', () => {
    expect(parseAdmission(answer)).toEqual({ book, scope, relay, bundle: new TextEncoder().encode('records') });
  });

  it.each([
    null,
    7,
    {},
    { ...answer, book: 'x' },
    { ...answer, scope: '../hq' },
    { ...answer, relay: undefined },
    { ...answer, relay: { url: 'nowhere', vkey: 'k' } },
    { ...answer, bundle: '%' },
  ])('is refused when it is %.60j', (bad) => {
    expect(parseAdmission(bad)).toBeUndefined();
  });
});

describe('what the office answers to a wiped till', () => {
  const backups = [{ kind: 'passkey', sealed: 'age' }];
  const answer = { book, scope, relay, name: 'till-1', bundle: btoa('records'), device: book, keyId: book, backups };

  it('is read, without backups of kinds that are not known', () => {
    const read = parseReturning({
      ...answer,
      backups: [...backups, { kind: 'stone', sealed: '' }, { kind: 'shares' }],
    });
    expect(read).toMatchObject({ name: 'till-1', keyId: book, backups, request: { book, device: book } });
  });

  it.each([
    {},
    { ...answer, book: 'x' },
    { ...answer, device: 'x' },
    { ...answer, keyId: undefined },
    { ...answer, name: 7 },
    { ...answer, backups: 'none' },
  ])('is refused when it is %.60j', (bad) => {
    expect(parseReturning(bad)).toBeUndefined();
  });
});

describe('the record of the shop', () => {
  it.each<ShopRecord>([
    { book, scope, relay, own: undefined },
    { book, scope, relay, own: undefined, device: book as string as NonNullable<ShopRecord['device']> },
    { book: undefined, scope, relay: undefined, own: { shop: 'Café', till: 'till-1', currency: 'EUR' } },
  ])('comes back as it was', (record) => {
    expect(parseShopRecord(encodeShopRecord(record))).toEqual(record);
  });

  it('is nothing when it is not ours, and never throws', () => {
    expect(parseShopRecord(undefined)).toBeUndefined();
    expect(parseShopRecord('{"scope":"hq"}')).toBeUndefined();
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseShopRecord(text)));
  });
});

describe('the service worker’s routes', () => {
  const origin = 'https://till.example';
  const files = new Set(['/', '/assets/index-abc.js']);
  const route = (url: string, method = 'GET'): string => routeOf({ url, method }, origin, files).kind;

  it('answers the app from its own copy and leaves everything else to the network', () => {
    expect(route(`${origin}/`)).toBe('shell');
    expect(route(`${origin}/?source=home`)).toBe('shell');
    expect(route(`${origin}/index.html`)).toBe('shell');
    expect(route(`${origin}/assets/index-abc.js`)).toBe('asset');
    expect(route(`${origin}/assets/index-new.js`)).toBe('network');
    expect(route(`${origin}/api/join`)).toBe('network');
    expect(route(`${origin}/`, 'POST')).toBe('network');
    expect(route('https://relay.example/')).toBe('network');
  });
});
