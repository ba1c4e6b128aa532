// The clause of docs/spec/relay.md, "Wrapped keys". A relay that keeps none answers `relay/not-found`, and has nothing more to show.
import { type Clause, clause, codeOf } from './conformance-clause.ts';
import {
  ensure,
  ensureSaid,
  openStage,
  push,
  readerOf,
  type Stage,
  type Subject,
  type Writer,
} from './conformance-stage.ts';
import { createRelayKeys, type KeyBlobs } from './keys.ts';
import { contentDigestOf, signedHeaders } from './request-signature.ts';

const nameOf = (at: number): string => `${'5a'.repeat(16)}.${at}.${'0'.repeat(16)}`;

function keysOf(subject: Subject, { book }: Stage, writer: Writer): KeyBlobs {
  return createRelayKeys({
    url: subject.url,
    book,
    reader: readerOf(subject, writer),
    hasher: subject.hasher,
    async fetch(request) {
      const { method, headers } = request;
      const body = method === 'PUT' ? { body: await request.text() } : {};
      return subject.send(request.url.slice(subject.url.length), { method, headers, ...body });
    },
  });
}

const isRefused = async (work: unknown, code: string, what: string): Promise<void> => {
  const said = await codeOf(Promise.resolve(work));
  ensureSaid(said, code, what);
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
  ensureSaid(first, 'no refusal', 'the root is refused the names of keys');
  await one.put(nameOf(1), 'one');
  await one.put(nameOf(1), 'two');
  await root.put(nameOf(2), 'three');
  ensure((await two.get(nameOf(1))) === 'two', 'another till does not get what the first put last');
  ensure((await root.names()).join() === [nameOf(1), nameOf(2)].join(), 'it names other keys than were put');
  await isRefused(two.put(nameOf(1), 'x'), 'relay/not-yours', 'a till replaces what another has put');
  ensure(!(await two.delete(nameOf(1))), 'a till deletes what another has put');
  ensure((await root.get(nameOf(1))) === 'two', 'what a till may not delete is gone');
  const phone = keysOf(subject, stage, customer);
  for (const ask of [
    () => phone.names(),
    () => phone.get(nameOf(1)),
    () => phone.put(nameOf(3), 'x'),
    () => phone.delete(nameOf(1)),
  ])
    await isRefused(ask(), 'relay/scope', 'a customer asks for wrapped keys');
  await isRefused(root.put('anna', 'x'), 'relay/bad-request', 'a name that is none');
  await isRefused(root.put(nameOf(4), 'x'.repeat(200_001)), 'relay/too-large', 'a text of 200,001 bytes');
  ensure(await one.delete(nameOf(1)), 'a till cannot delete what it has put');
  ensure(await root.delete(nameOf(2)), 'the root cannot delete');
  ensure((await root.get(nameOf(1))) === undefined && (await root.names()).length === 0, 'what was deleted is there');
  await checkBodies(subject, stage, root);
  await checkDeleted(subject, stage, root);
}

/** What a PUT of `text` by the root is answered, whose signature covers the digest `of` another text; of none where that is undefined. */
async function putSigned(
  subject: Subject,
  stage: Stage,
  text: string,
  { of, at = Date.now() }: { readonly of: string | undefined; readonly at?: number },
): Promise<{ readonly status: number; readonly code: unknown; readonly nowMs: unknown }> {
  const path = `/v1/books/${stage.book}/keys/${nameOf(2)}`;
  const url = new URL(subject.url + path).href;
  const digest = of === undefined ? undefined : contentDigestOf(new TextEncoder().encode(of), subject.hasher);
  const headers = await signedHeaders(url, readerOf(subject, stage.root), at, 'PUT', digest);
  const answer = await subject.send(path, { method: 'PUT', headers, body: text });
  const { code = 'no refusal', nowMs } = (await answer.json()) as { code?: unknown; nowMs?: unknown };
  return { status: answer.status, code, nowMs };
}

/** The text that the device signed is the one that is kept. */
async function checkBodies(subject: Subject, stage: Stage, root: KeyBlobs): Promise<void> {
  const { code, status } = await putSigned(subject, stage, 'three', { of: 'four' });
  ensure(code === 'relay/digest' && status === 400, `a body that is not the one signed: ${String(code)}`);
  ensure((await root.get(nameOf(2))) === undefined, 'a body that nobody signed is kept');
}

/** What was signed before the deletion, and comes after it. */
async function checkDeleted(subject: Subject, stage: Stage, root: KeyBlobs): Promise<void> {
  const { code, status, nowMs } = await putSigned(subject, stage, 'three', { of: 'three', at: Date.now() - 20_000 });
  ensure(code === 'relay/changed' && status === 409, `a key signed before it was deleted: ${String(code)}`);
  ensure(typeof nowMs === 'number', 'it does not say by which time to sign');
  ensure((await root.names()).length === 0, 'a key that was deleted is back');
  await root.put(nameOf(2), 'four');
  ensure((await root.get(nameOf(2))) === 'four', 'a key signed after the deletion is not taken');
}

export const keyClauses: readonly Clause[] = [
  clause(
    'keys',
    'Wrapped keys',
    'whoever works there puts wrapped keys, its own or all are deleted, none by a body that was not signed, and no older request brings one back',
    checkKeys,
  ),
];
