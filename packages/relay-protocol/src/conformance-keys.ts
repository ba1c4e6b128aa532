// The clause of docs/spec/relay.md, "Wrapped keys". A relay that keeps none answers `relay/not-found`, and has nothing more to show.
import { type Clause, clause, codeOf } from './conformance-clause.ts';
import { ensure, openStage, push, readerOf, type Stage, type Subject, type Writer } from './conformance-stage.ts';
import { createRelayKeys, type KeyBlobs } from './keys.ts';
import { signedHeaders } from './request-signature.ts';

const nameOf = (at: number): string => `${'5a'.repeat(16)}.${at}.${'0'.repeat(16)}`;

function keysOf(subject: Subject, { book }: Stage, writer: Writer): KeyBlobs {
  return createRelayKeys({
    url: subject.url,
    book,
    reader: readerOf(subject, writer),
    async fetch(request) {
      const { method, headers } = request;
      const body = method === 'PUT' ? { body: await request.text() } : {};
      return subject.send(request.url.slice(subject.url.length), { method, headers, ...body });
    },
  });
}

const isRefused = async (work: unknown, code: string, what: string): Promise<void> => {
  const said = await codeOf(Promise.resolve(work));
  ensure(said === code, `${what}: ${said}`);
};

async function checkKeys(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [customer, enrolment] = await stage.enrol('phone', 'customer');
  await push(subject, stage, [enrolment]);
  const [root, one, two] = [stage.root, ...stage.tills].map((writer) => keysOf(subject, stage, writer)) as [
    KeyBlobs,
    KeyBlobs,
    KeyBlobs,
  ];
  const first = await codeOf(Promise.resolve(root.names()));
  if (first === 'relay/not-found') return;
  ensure(first === 'no refusal', `the root is refused the names of keys: ${first}`);
  await one.put(nameOf(1), 'one');
  await one.put(nameOf(1), 'two');
  await root.put(nameOf(2), 'three');
  ensure((await two.get(nameOf(1))) === 'two', 'another till does not get what the first put last');
  ensure((await root.names()).join() === [nameOf(1), nameOf(2)].join(), 'it names other keys than were put');
  await isRefused(two.put(nameOf(1), 'x'), 'relay/not-yours', 'a till replaces what another has put');
  ensure(!(await two.delete(nameOf(1))), 'a till deletes what another has put');
  ensure((await root.get(nameOf(1))) === 'two', 'what a till may not delete is gone');
  const phone = keysOf(subject, stage, customer);
  for (const ask of [phone.names(), phone.get(nameOf(1)), phone.put(nameOf(3), 'x'), phone.delete(nameOf(1))])
    await isRefused(ask, 'relay/scope', 'a customer asks for wrapped keys');
  await isRefused(root.put('anna', 'x'), 'relay/bad-request', 'a name that is none');
  await isRefused(root.put(nameOf(4), 'x'.repeat(200_001)), 'relay/too-large', 'a text of 200,001 bytes');
  ensure(await one.delete(nameOf(1)), 'a till cannot delete what it has put');
  ensure(await root.delete(nameOf(2)), 'the root cannot delete');
  ensure((await root.get(nameOf(1))) === undefined && (await root.names()).length === 0, 'what was deleted is there');
  await checkDeleted(subject, stage, root);
}

/** What was signed before the deletion, and comes after it. */
async function checkDeleted(subject: Subject, stage: Stage, root: KeyBlobs): Promise<void> {
  const path = `/v1/books/${stage.book}/keys/${nameOf(2)}`;
  const url = new URL(subject.url + path).href;
  const headers = await signedHeaders(url, readerOf(subject, stage.root), Date.now() - 20_000, 'PUT');
  const late = await subject.send(path, { method: 'PUT', headers, body: 'three' });
  const { code, nowMs } = (await late.json()) as { code?: unknown; nowMs?: unknown };
  ensure(code === 'relay/deleted' && late.status === 409, `a key signed before it was deleted: ${String(code)}`);
  ensure(typeof nowMs === 'number', 'it does not say by which time to sign');
  ensure((await root.names()).length === 0, 'a key that was deleted is back');
  await root.put(nameOf(2), 'four');
  ensure((await root.get(nameOf(2))) === 'four', 'a key signed after the deletion is not taken');
}

export const keyClauses: readonly Clause[] = [
  clause(
    'keys',
    'Wrapped keys',
    'whoever works there puts wrapped keys, its own or all are deleted, and no older request brings one back',
    checkKeys,
  ),
];
