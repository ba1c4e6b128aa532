// Joining over HTTP: an invitation lets in one device, once, from the till's own page, and what it is answered is enough to go on alone.
import { request } from 'node:http';
import { join } from 'node:path';
import { nodeStore } from '@tallystick/kernel/node';
import { openBook } from '@tallystick/kernel';
import { encodeHex, parseBookId } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { createFileKeyStore } from '@tallystick/sign/node';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shopVerbs } from '../src/book.ts';
import { createInvitations } from '../src/web/invitations.ts';
import type { JoinAnswer } from '../src/web/join.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const tillOrigin = 'http://127.0.0.1:5999';
let relay: RunningRelay;
let office: RunningOffice;

beforeAll(async () => {
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
  office = await startOffice({
    dataDir: join(folder, 'office'),
    relayUrl: relay.url,
    tillDist: join(folder, 'none'),
    tillOrigin,
  });
});
afterAll(async () => {
  await office?.close();
  await relay?.close();
});

/** The secret of a fresh invitation, as the link carries it. */
function invited(): string {
  const code = office.invite().split('#join=')[1] ?? '';
  const { office: url, secret } = JSON.parse(Buffer.from(code, 'base64url').toString()) as {
    office: string;
    secret: string;
  };
  expect(url).toBe(office.url);
  return secret;
}

let devices = 0;

async function newDevice(): Promise<{ device: string; key: string; keysDir: string }> {
  const keysDir = join(folder, `device-${(devices += 1)}`);
  const { device, publicKey } = await createFileKeyStore(keysDir).create('device');
  return { device, key: encodeHex(publicKey), keysDir };
}

function ask(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const sent = { 'content-type': 'application/json', origin: tillOrigin, ...headers };
  return fetch(`${office.url}/api/join`, {
    method: 'POST',
    headers: sent,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function refusalOf(response: Response): Promise<[number, string]> {
  const { code, message } = (await response.json()) as { code: string; message: string };
  expect(message).not.toBe('');
  return [response.status, code];
}

describe('POST /api/join', () => {
  it('lets a till in, which can then sell and is known at the office', async () => {
    const { keysDir, ...till } = await newDevice();
    const answered = await ask({ secret: invited(), ...till, name: 'Till 1' });
    expect(answered.status).toBe(200);
    expect(answered.headers.get('access-control-allow-origin')).toBe(tillOrigin);
    const answer = (await answered.json()) as JoinAnswer;
    expect(answer).toMatchObject({
      book: office.book.id,
      relay: { url: relay.url, vkey: relay.vkey },
      scope: 'hq',
      name: 'Till 1',
    });

    const book = parseBookId(answer.book);
    if (book === undefined) throw new Error('the answer names no book');
    const store = nodeStore(join(folder, 'till.db'), { keysDir });
    const own = await openBook({ store, verbs: shopVerbs, book, relayKey: answer.relay.vkey });
    await own.import(Buffer.from(answer.bundle, 'base64'));
    await own.anchor();
    expect(own.status()).toMatchObject({ role: 'till', deviceName: 'Till 1' });
    const line = { sku: 'A', name: 'Apples', quantity: 1, unitPriceMilliMinor: 100_000 };
    const sale = {
      day: '2026-03-02',
      currency: 'GBP',
      taxIncluded: true,
      lines: [line],
      tenders: [{ kind: 'card' as const, amountMinor: 100 }],
    };
    expect((await own.commit('sale.complete', sale)).ok).toBe(true);
    await own.sync(createRelayClient({ url: answer.relay.url }));
    await own.close();
    await office.sync();
    expect(office.book.query('SELECT totalMinor FROM documents WHERE device = ?', [till.device])).toEqual([
      { totalMinor: 100 },
    ]);
  });

  it('answers the same device again, because an answer can be lost, and no other', async () => {
    const secret = invited();
    const { keysDir: _one, ...first } = await newDevice();
    const { keysDir: _two, ...second } = await newDevice();
    expect((await ask({ secret, ...first, name: 'Till 2' })).status).toBe(200);
    expect((await ask({ secret, ...first, name: 'Till 2' })).status).toBe(200);
    expect(office.book.query('SELECT count(*) AS n FROM devices WHERE device = ?', [first.device])).toEqual([{ n: 1 }]);
    expect(await refusalOf(await ask({ secret, ...second, name: 'Till 3' }))).toEqual([410, 'office/invitation-used']);
    expect(office.book.query('SELECT count(*) AS n FROM devices WHERE device = ?', [second.device])).toEqual([
      { n: 0 },
    ]);
  });

  it('refuses a secret nobody was given', async () => {
    const { keysDir: _, ...till } = await newDevice();
    const refused = await ask({ secret: 'ab'.repeat(32), ...till, name: 'Till' });
    expect(await refusalOf(refused)).toEqual([404, 'office/invitation-unknown']);
  });

  it('refuses a key that is not the device’s, and the invitation is still good', async () => {
    const secret = invited();
    const { keysDir: _one, ...till } = await newDevice();
    const { keysDir: _two, ...other } = await newDevice();
    const refused = await ask({ secret, device: other.device, key: till.key, name: 'Till' });
    expect(await refusalOf(refused)).toEqual([409, 'office/device-refused']);
    expect((await ask({ secret, ...till, name: 'Till 4' })).status).toBe(200);
  });

  it('refuses what is not a request to join', async () => {
    const { keysDir: _, ...till } = await newDevice();
    const good = { secret: invited(), ...till, name: 'Till 5' };
    for (const body of [
      {},
      [],
      'null',
      '{',
      { ...good, name: ' ' },
      { ...good, key: 'AB' },
      { ...good, role: 'owner' },
    ])
      expect(await refusalOf(await ask(body))).toEqual([400, 'office/bad-request']);
    expect(await refusalOf(await ask(good, { 'content-type': 'text/plain' }))).toEqual([415, 'office/bad-request']);
    expect(await refusalOf(await ask(' '.repeat(70_000)))).toEqual([413, 'office/bad-request']);
    expect((await ask(good)).status).toBe(200);
  });

  it('refuses other pages, and tells the till’s page that it may ask', async () => {
    const { keysDir: _, ...till } = await newDevice();
    const body = { secret: invited(), ...till, name: 'Till 6' };
    const foreign = await ask(body, { origin: 'https://elsewhere.example' });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
    expect(await refusalOf(foreign)).toEqual([403, 'office/origin']);
    const preflight = await fetch(`${office.url}/api/join`, { method: 'OPTIONS', headers: { origin: tillOrigin } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, tillOrigin]);
  });
});

describe('a wiped till', () => {
  const recipient = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj';
  const post = (path: string, body: unknown, origin: string): Promise<Response> =>
    fetch(`${office.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify(body),
    });
  const secretOf = (link: string): string =>
    (JSON.parse(Buffer.from(link.split('#restore=')[1] ?? '', 'base64url').toString()) as { secret: string }).secret;

  it('is answered with its backups by the link made for it, once, and never after it was revoked', async () => {
    const { keysDir: _, ...till } = await newDevice();
    const sealed = '-----BEGIN AGE ENCRYPTED FILE-----\n';
    const backups = [{ kind: 'passkey', sealed }];
    expect((await ask({ secret: invited(), ...till, name: 'Till 7', backups })).status).toBe(200);
    const link = await post('/api/restorations', { device: till.device }, office.url);
    const secret = secretOf(((await link.json()) as { link: string }).link);
    const answered = await post('/api/restore', { secret, recipient }, tillOrigin);
    expect(await answered.json()).toMatchObject({ device: till.device, keyId: till.device, name: 'Till 7', backups });
    const other = { secret, recipient: `${recipient}x` };
    expect(await refusalOf(await post('/api/restore', other, tillOrigin))).toEqual([410, 'office/invitation-used']);
    const made = { secret: 'ab'.repeat(32), recipient };
    expect(await refusalOf(await post('/api/restore', made, tillOrigin))).toEqual([404, 'office/invitation-unknown']);
    expect(await (await post('/api/restore', { secret, recipient, ask: true }, tillOrigin)).json()).toEqual({
      released: '',
    });
    const code = `${recipient.slice(4, 8)} ${recipient.slice(8, 12)} ${recipient.slice(12, 16)}`;
    const release = { device: till.device, code, identity: 'AGE-SECRET-KEY-1' };
    expect(await refusalOf(await post('/api/escrow', release, tillOrigin))).toEqual([403, 'office/origin']);
    expect(await refusalOf(await post('/api/escrow', release, office.url))).toEqual([409, 'office/no-escrow']);
    const unseen = { ...release, code: 'qqqq qqqq qqqq' };
    expect(await refusalOf(await post('/api/escrow', unseen, office.url))).toEqual([409, 'office/nobody-waits']);
    await office.book.commit('device.revoke', { device: till.device, reason: 'lost' });
    expect(await refusalOf(await post('/api/restore', { secret, recipient }, tillOrigin))).toEqual([
      409,
      'office/device-revoked',
    ]);
  });

  it('does not become another till under a name that is taken, nor does a page elsewhere act for the office', async () => {
    const { keysDir: _, ...till } = await newDevice();
    const secret = invited();
    expect(await refusalOf(await ask({ secret, ...till, name: 'Till 1' }))).toEqual([409, 'office/name-taken']);
    expect((await ask({ secret, ...till, name: 'Till 8' })).status).toBe(200);
    const revoke = { device: till.device, reason: 'lost' };
    expect(await refusalOf(await post('/api/acts/revoke', revoke, tillOrigin))).toEqual([403, 'office/origin']);
    const lastOwner = { device: office.book.device, reason: 'bored' };
    expect(await refusalOf(await post('/api/acts/revoke', lastOwner, office.url))).toEqual([400, 'office/bad-request']);
  });
});

describe('the office’s other doors', () => {
  it('gives invitations to its own page only', async () => {
    const post = (origin: string): Promise<Response> =>
      fetch(`${office.url}/api/invitations`, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: '{}',
      });
    expect(await refusalOf(await post(tillOrigin))).toEqual([403, 'office/origin']);
    const given = await post(office.url);
    expect([given.status, ((await given.json()) as { link: string }).link]).toEqual([
      200,
      expect.stringContaining('#join='),
    ]);
  });

  it('does not answer to another name, nor to a path it does not have', async () => {
    expect(await refusalOf(await fetch(`${office.url}/api/nothing`))).toEqual([404, 'office/not-found']);
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${office.url}/api/state`, { headers: { host: 'rebound.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject).end();
    });
    expect(status).toBe(421);
  });

  it('listens on loopback only', async () => {
    const options = { dataDir: join(folder, 'open'), relayUrl: relay.url, host: '0.0.0.0' };
    await expect(startOffice(options)).rejects.toThrow('0.0.0.0 is not a loopback address');
  });
});

describe('invitations', () => {
  it('end with their time, and the oldest give way', () => {
    let now = 0;
    const invitations = createInvitations(() => now);
    const secret = invitations.invite(1_000);
    expect(invitations.open()).toBe(1);
    now = 999;
    expect(invitations.claim(secret, 'a')).toEqual({ ok: true, about: undefined });
    expect(invitations.open()).toBe(0);
    now = 1_000;
    expect(invitations.claim(secret, 'a')).toEqual({ ok: false, code: 'office/invitation-unknown' });
    const oldest = invitations.invite(1_000);
    for (let count = 0; count < 256; count++) invitations.invite(1_000);
    expect(invitations.claim(oldest, 'a')).toEqual({ ok: false, code: 'office/invitation-unknown' });
  });
});
