// The clauses of docs/spec/relay.md about requests: who is let in, what is told before and after, and what is refused with which words.
import { encodeVerifierKey } from '@tallystick/chain';
import { type OpRecord, parseScope, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { appointVerb } from '@tallystick/sign';
import { gzip } from './body.ts';
import { type Clause, clause, codeOf } from './conformance-clause.ts';
import {
  ensure,
  ensureSaid,
  follow,
  hq,
  listen,
  openStage,
  push,
  readAs,
  readerOf,
  type Stage,
  type Subject,
  tipOf,
  type Writer,
} from './conformance-stage.ts';
import { statusByCode } from './errors.ts';
import { originOf } from './receipt.ts';
import { signedHeaders } from './request-signature.ts';

const branch = parseScope('b/042') as Scope;
const other = parseScope('b/043') as Scope;
/** A relay lets a device listen so often at most. */
const maxTails = 64;
const maxKnown = 64;

const pathOf = ({ book }: Stage, scope: Scope): string => `/v1/books/${book}/scopes/${encodeURIComponent(scope)}`;

async function jsonOf(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await answer.clone().json()) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** The code, with the status, and with what else the answer must say beside it. */
async function refusalOf(answer: Response): Promise<string> {
  const { code } = answer.status < 400 ? {} : await jsonOf(answer);
  if (typeof code !== 'string') return `status ${answer.status}`;
  const status = statusByCode[code as keyof typeof statusByCode];
  ensure(status === answer.status, `${code} has status ${answer.status}`);
  ensure(status !== 401 || answer.headers.has('accept-signature'), `${code} does not say how to sign`);
  const wait = Number(answer.headers.get('retry-after') ?? Number.NaN);
  ensure((status !== 429 && status !== 503) || (Number.isSafeInteger(wait) && wait >= 1), `${code} does not say when`);
  return code;
}

async function requireRefusal(asked: Response | Promise<Response>, code: string, what: string): Promise<void> {
  ensureSaid(await refusalOf(await asked), code, what);
}

/** Two branches, each with a till of its own, and devices of `hq` in several roles. */
async function openFirm(subject: Subject): Promise<Stage & { readonly byRole: ReadonlyMap<string, Writer> }> {
  const stage = await openStage(subject);
  const byRole = new Map<string, Writer>();
  for (const role of ['manager', 'auditor', 'customer', 'carrier', 'van'] as const) {
    const [writer, enrolment] = await stage.enrol(role, role);
    byRole.set(role, writer);
    await push(subject, stage, [enrolment]);
  }
  for (const scope of [branch, other]) {
    const [writer, enrolment] = await stage.enrol(`till-${scope.slice(2)}`, 'till', scope);
    byRole.set(scope, writer);
    await push(subject, stage, [enrolment, await writer.write({ scope })], scope);
  }
  return { ...stage, byRole };
}

async function checkRoles(subject: Subject): Promise<void> {
  if (subject.reads === 'public') return;
  const stage = await openFirm(subject);
  const expectReach = async (name: string, scopes: readonly Scope[]): Promise<void> => {
    const client = readAs(subject, stage.byRole.get(name) ?? stage.root);
    const told = (await client.scopes(stage.book)).map(({ scope }) => scope);
    ensure(told.join() === scopes.toSorted().join(), `${name} is told of ${told.join()}`);
    for (const scope of [hq, branch, other]) {
      const code = await codeOf(client.pull(stage.book, scope, 0));
      const isRead = scopes.includes(scope);
      ensureSaid(code, isRead ? 'no refusal' : 'relay/scope', `${name} reads ${scope}`);
    }
  };
  for (const wide of ['owner', 'manager', 'auditor']) await expectReach(wide, [branch, other, hq]);
  for (const narrow of ['customer', 'carrier', 'van']) await expectReach(narrow, [hq]);
  await expectReach(branch, [branch, hq]);
  // Whoever works in every branch follows what became of what it wrote; whoever deals with the shop does not.
  for (const name of ['van', 'customer']) {
    const writer = stage.byRole.get(name) as Writer;
    await push(subject, stage, [await writer.write({ scope: other })], other);
  }
  await expectReach('van', [other, hq]);
  await expectReach('customer', [hq]);
}

async function checkRevocation(subject: Subject): Promise<void> {
  if (subject.reads === 'public') return;
  const stage = await openStage(subject);
  const [till, neighbour] = stage.tills;
  const args = { device: till.key.device, reason: 'lost' };
  await push(subject, stage, [await stage.root.write({ verb: 'device.revoke@1', args })]);
  const end = stage.opening.length + 1;
  await push(subject, stage, [await neighbour.write()]);
  const gone = readAs(subject, till);
  const denied = await codeOf(gone.checkpoint(stage.book, hq));
  ensureSaid(denied, 'relay/revoked', 'a revoked device asks for a checkpoint');
  const page = await gone.pull(stage.book, hq, 0);
  ensure(page.frames.length === end, `it is shown ${page.frames.length} ops, and ${end} lead to its revocation`);
  const { size } = await tipOf(subject, stage, page.checkpoint);
  ensure(size === end, `what it is shown stands under a checkpoint of ${size} ops`);
  const after = await codeOf(gone.pull(stage.book, hq, end));
  ensureSaid(after, 'relay/revoked', 'it asks for what came after');
}

async function checkHandshake(subject: Subject): Promise<void> {
  const stage = await openFirm(subject);
  const client = readAs(subject, stage.root);
  const { tip } = await follow(subject, stage, stage.root);
  const { root } = await tipOf(subject, stage, tip.note);
  await push(subject, stage, [await stage.root.write()]);
  const known = [
    { scope: hq, size: tip.size },
    { scope: branch, size: 1_000_000 },
  ];
  const { epoch, scopes } = await client.handshake(stage.book, known);
  const [first, second, third, ...more] = scopes;
  ensure(epoch === 0 && more.length === 0, 'it tells of another epoch, or of other logs');
  ensure([first, second, third].map((each) => each?.scope).join() === [branch, other, hq].join(), 'not sorted by name');
  ensure(first?.size === 2 && third?.size === tip.size + 1, 'a log has another size than was handed in');
  ensure(third.rootAtKnown === root, 'the root at the known size is another than was signed');
  ensure(first.rootAtKnown === undefined, 'it says a root beyond the end of a log');
  const tips = Array.from({ length: maxKnown + 1 }, (_, index) => ({ scope: `b/${index}` as Scope, size: 1 }));
  const code = await codeOf(client.handshake(stage.book, tips));
  ensureSaid(code, 'relay/bad-request', `${tips.length} known tips`);
}

async function checkEpochs(subject: Subject): Promise<void> {
  const { client, relay, hasher } = subject;
  const stage = await openStage(subject);
  const own = encodeVerifierKey(relay, hasher);
  const another = encodeVerifierKey({ ...relay, name: 'another.relay' }, hasher);
  const appoint = (epoch: number, key: string): Promise<OpRecord> =>
    stage.root.write({ verb: appointVerb, args: { epoch, relay: key, from: own, logs: [] } });
  const appointed = stage.opening.length;
  await client.push(stage.book, hq, [await appoint(1, own)]);
  const reader = readAs(subject, stage.root);
  const said = await reader.handshake(stage.book, []);
  ensure(said.epoch === 1, `appointed in epoch 1, it says that it is in ${said.epoch}`);
  ensure(said.appointed === appointed, `it was appointed at ${appointed}, and says ${said.appointed}`);
  const [origin] = (await reader.checkpoint(stage.book, hq)).split('\n');
  ensure(origin === originOf({ name: relay.name, epoch: 1 }, stage.book, hq), `its notes are about ${origin}`);
  await client.push(stage.book, hq, [await appoint(2, another)]);
  const late = await codeOf(client.push(stage.book, hq, [await stage.root.write()]));
  ensureSaid(late, 'relay/retired', 'another relay has the book, and it is handed an op');
  const page = await reader.pull(stage.book, hq, appointed);
  ensure(page.frames.length === 2, 'it does not serve what took the book from it');
}

async function checkTail(subject: Subject): Promise<void> {
  const stage = await openFirm(subject);
  const [till, neighbour] = stage.tills;
  const { tip } = await follow(subject, stage, stage.root);
  const query = `?known=${tip.size}:hq&known=1:b%2F042`;
  const tail = await listen(subject, stage, stage.root, query);
  const told = [await tail.next(), await tail.next()].map((event) => `${event?.scope} ${event?.size}`);
  ensure(told.toSorted().join() === 'b/042 2,b/043 2', `of logs that are known it tells ${told.join()} at first`);
  // Nobody reads meanwhile: the relay may leave sizes out, and never the last one.
  for (let count = 0; count < 12; count++) await push(subject, stage, [await till.write()]);
  const end = tip.size + 12;
  let [last, id] = [tip.size, ''];
  while (last < end) {
    const event = await tail.next();
    ensure(event?.kind === 'log' && event.scope === hq, `it tells of ${event?.kind} ${event?.scope} while hq grows`);
    ensure((event.size ?? 0) > last, `after ${last} ops it tells of ${event.size}`);
    [last, id] = [event.size ?? 0, event.id];
  }
  await tail.close();
  await push(subject, stage, [await neighbour.write()]);
  const resumed = await listen(subject, stage, stage.root, query, { 'last-event-id': id });
  let now = 0;
  for (let count = 0; count < 3 && now !== end + 1; count++) {
    const event = await resumed.next();
    if (event?.scope === hq) now = event.size ?? 0;
  }
  ensure(now === end + 1, `gone on with, it tells of ${now} ops where there are ${end + 1}`);
  await resumed.close();
}

async function checkTailReach(subject: Subject): Promise<void> {
  if (subject.reads === 'public') return;
  const stage = await openFirm(subject);
  const tail = await listen(subject, stage, stage.byRole.get(branch) as Writer);
  const told = [await tail.next(), await tail.next()].map((event) => event?.scope);
  ensureSaid(told.toSorted().join(), [branch, hq].join(), 'the logs that the till of a branch is told of');
  await push(subject, stage, [await (stage.byRole.get(other) as Writer).write({ scope: other })], other);
  await push(subject, stage, [await stage.root.write()]);
  ensureSaid((await tail.next())?.scope, hq, 'the log that it is told of when another branch has grown, and then hq');
  await tail.close();
}

async function checkTailEnd(subject: Subject): Promise<void> {
  if (subject.reads === 'public') return;
  const stage = await openStage(subject);
  const [till] = stage.tills;
  const tail = await listen(subject, stage, till, `?known=${stage.opening.length}:hq`);
  const args = { device: till.key.device, reason: 'lost' };
  await push(subject, stage, [await stage.root.write({ verb: 'device.revoke@1', args })]);
  const event = await tail.next();
  ensure(
    event?.kind === 'refused' && event.code === 'relay/revoked',
    `a listener that is revoked hears ${event?.kind}`,
  );
  ensure((await tail.next()) === undefined, 'the tail goes on after the refusal');
}

async function checkSigned(subject: Subject): Promise<void> {
  if (subject.reads === 'public') return;
  const { send, url, relay } = subject;
  const stage = await openStage(subject);
  const path = `${pathOf(stage, hq)}/ops?from=0`;
  const reader = readerOf(subject, stage.root);
  const sign = (nowMs = Date.now(), by = reader, of = path): Promise<Record<string, string>> =>
    signedHeaders(new URL(url + of).href, by, nowMs);
  const headers = await sign();
  ensure((await send(path, { headers })).status === 200, 'a request that is signed as it should be is refused');
  await requireRefusal(send(path, { headers }), 'relay/replayed', 'the same request again');
  const hourMs = 3_600_000;
  for (const offMs of [-hourMs, hourMs]) {
    const late = await send(path, { headers: await sign(Date.now() + offMs) });
    const { nowMs } = await jsonOf(late);
    await requireRefusal(late, 'relay/clock', 'a request of another hour');
    ensure(typeof nowMs === 'number', 'it does not say its time');
    ensure(
      (await send(path, { headers: await sign(nowMs) })).status === 200,
      'signed by the clock it said, it is refused',
    );
  }
  const moved = await sign(Date.now(), reader, `${pathOf(stage, hq)}/ops?from=1`);
  const elsewhere = await sign(Date.now(), { ...reader, relay: `other.${relay.name}+00000000` });
  const { signature: _, ...halved } = await sign();
  for (const [what, forged] of Object.entries({
    'another address': moved,
    'another relay': elsewhere,
    nothing: halved,
  }))
    await requireRefusal(send(path, { headers: forged }), 'relay/signature', `a request signed for ${what}`);
  const stranger = await openStage(subject, { isPushed: false });
  const alien = { ...readerOf(subject, stranger.root), relay: reader.relay };
  await requireRefusal(send(path, { headers: await sign(Date.now(), alien) }), 'relay/not-enrolled', 'a stranger');
}

async function checkLimits(subject: Subject): Promise<void> {
  const { client, send } = subject;
  const stage = await openStage(subject);
  const { maxBatchOps, maxBatchBytes } = (await client.info()).limits;
  const log = pathOf(stage, hq);
  const path = `${log}/ops`;
  const post = (body: Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
    send(path, { method: 'POST', body: body as Uint8Array<ArrayBuffer>, headers });
  const record = await stage.root.write();
  const bundle = encodeBundle([record]);
  const packed = { 'content-encoding': 'gzip' };
  const packedZeros = await gzip(new Uint8Array(maxBatchBytes + 1));
  const refused: readonly [string, () => Promise<Response>, string][] = [
    [
      'ops',
      () => post(encodeBundle(Array.from({ length: maxBatchOps + 1 }, () => ({ bytes: record.bytes.slice(0, 1) })))),
      'relay/too-large',
    ],
    ['bytes, unpacked', () => post(packedZeros, packed), 'relay/too-large'],
    ['half a bundle', () => post(bundle.subarray(0, bundle.length - 1)), 'relay/torn'],
    ['what is no gzip', () => post(bundle, packed), 'relay/bad-encoding'],
    ['another encoding', () => post(bundle, { 'content-encoding': 'br' }), 'relay/encoding'],
    ['a page without a position', () => send(`${path}?from=`, {}), 'relay/bad-request'],
    ['a page beyond numbers', () => send(`${path}?from=1e3`, {}), 'relay/bad-request'],
    ['a scope that is none', () => send(`/v1/books/${stage.book}/scopes/HQ/checkpoint`, {}), 'relay/bad-request'],
    ['no such path', () => send(`${log}/nothing`, {}), 'relay/not-found'],
    ['64 cosignatures, unsigned', () => send(`${log}/checkpoint?cosigned=64`, {}), 'relay/bad-request'],
    ['no such method', () => send(`${path}?from=0`, { method: 'DELETE' }), 'relay/method'],
    [
      'a claim by PUT',
      () => send(`${log}/claims`, { method: 'PUT', body: bundle as Uint8Array<ArrayBuffer> }),
      'relay/method',
    ],
    ['a standing by PUT', () => send(`${log}/standing`, { method: 'PUT', body: 'x' }), 'relay/method'],
    [
      'the cosignature of nobody',
      () => send(`${log}/cosignatures/${'0'.repeat(64)}`, { method: 'POST', body: 'x' }),
      'relay/cosignature',
    ],
    ['the standing of no note', () => send(`${log}/standing`, { method: 'POST', body: 'x' }), 'relay/standing'],
  ];
  for (const [what, asked, code] of refused) await requireRefusal(asked(), code, what);
  const { size } = await push(subject, stage, [record]);
  ensure(size === stage.opening.length + 1, 'something of it was stored');
}

async function checkRates(subject: Subject): Promise<void> {
  if (subject.reads === 'public') return;
  const stage = await openStage(subject);
  const [till, neighbour] = stage.tills;
  const tails: Awaited<ReturnType<typeof listen>>[] = [];
  let refused: Response | undefined;
  try {
    while (refused === undefined && tails.length <= maxTails) {
      const path = `/v1/books/${stage.book}/tail`;
      const answer = await subject.send(path, { signedBy: till });
      if (answer.status === 200) tails.push(await listen(subject, stage, till, '', {}, answer));
      else refused = answer;
    }
    ensure(refused !== undefined, `a device has more than ${maxTails} tails`);
    await requireRefusal(refused, 'relay/rate', 'one tail more');
    const served = await codeOf(readAs(subject, neighbour).scopes(stage.book));
    ensureSaid(served, 'no refusal', 'another device asks meanwhile');
  } finally {
    for (const tail of tails) await tail.close();
  }
}

async function checkVersions({ client, send }: Subject): Promise<void> {
  const { protocols } = await client.info();
  ensure(protocols.from <= 1 && protocols.to >= 1, `it speaks versions ${protocols.from} to ${protocols.to}`);
  const answer = await send(`/v${protocols.to + 1}/info`, {});
  const { protocols: said } = (await jsonOf(answer)) as { protocols?: { from?: number; to?: number } };
  await requireRefusal(answer, 'relay/protocol', 'a version that it does not speak');
  const isSame = said?.from === protocols.from && said.to === protocols.to;
  ensure(isSame, 'it does not say which versions it speaks');
  await requireRefusal(send('/v01/info', {}), 'relay/not-found', 'what is no version');
}

async function checkOrigins({ send }: Subject): Promise<void> {
  const asked = {
    origin: 'https://till.example',
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'signature,signature-input,tallystick-relay',
  };
  for (const answer of [
    await send('/v1/info', {}),
    await send('/v1/nothing', {}),
    await send('/v1/info', { method: 'OPTIONS', headers: asked }),
  ])
    ensure(
      answer.headers.get('access-control-allow-origin') === '*',
      'a page of another origin may not read an answer',
    );
  const preflight = await send('/v1/info', { method: 'OPTIONS', headers: asked });
  const allowed = (preflight.headers.get('access-control-allow-headers') ?? '').toLowerCase();
  for (const name of ['signature', 'signature-input', 'tallystick-relay', 'content-encoding', 'last-event-id'])
    ensure(allowed.includes(name), `a page may not send ${name}`);
  const exposed = ((await send('/v1/info', {})).headers.get('access-control-expose-headers') ?? '').toLowerCase();
  for (const name of ['tallystick-checkpoint', 'tallystick-size', 'retry-after', 'accept-signature'])
    ensure(exposed.includes(name), `a page may not read ${name}`);
}

export const requestClauses: readonly Clause[] = [
  clause('versions', 'Handshake', 'a version that is not spoken is refused with those that are', checkVersions),
  clause('origins', 'Requests', 'pages of every origin may ask and read', checkOrigins),
  clause('handshake', 'Handshake', 'sizes and roots are those of the logs', checkHandshake),
  clause('epochs', 'Epochs', 'it signs in the epoch it is appointed in, and is done when another is', checkEpochs),
  clause('signed', 'Authentication', 'a signature is for one request, one relay and one time', checkSigned),
  clause('roles', 'Reading', 'each role reads its own scopes and no other', checkRoles),
  clause('revoked-at', 'Reading', 'a revoked device reads up to its revocation, and no further', checkRevocation),
  clause('tail', 'Tail', 'a listener hears how far logs reach, in order, and goes on where it was', checkTail),
  clause('tail-reach', 'Tail', 'a listener hears of the logs that it may read, and of no other', checkTailReach),
  clause('tail-end', 'Tail', 'a listener that is revoked is told so, and nothing more', checkTailEnd),
  clause('limits', 'Limits', 'what is too much or malformed has its code and status, and stores nothing', checkLimits),
  clause('rates', 'Limits', 'who asks for too much hears when to ask again, and others are served', checkRates),
];
