// Traces of a relay at a collector of OpenTelemetry: whose push became durable in which commit, and nothing where nobody asks for them.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { encodeBundle } from '@tallystick/oplog/transport';
import { afterAll, expect, it } from 'vitest';
import { startRelay } from '../src/start-relay.ts';
import { tracingOf } from '../src/tracing-options.ts';
import { openBook } from './book.ts';

const folder = mkdtempSync(join(tmpdir(), 'relay-tracing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface Sent {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

it('puts a push under the span of its sender, and links the commit to it', async () => {
  const bodies: Sent[] = [];
  const collector = createServer((request, response) => {
    void json(request).then((body) => {
      bodies.push(body as Sent);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0, tracing: { endpoint } });
  const book = openBook();
  const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const path = `${relay.url}/v1/books/${book.id}/scopes/hq/ops`;
  const body = Buffer.from(encodeBundle([book.genesis]));
  await fetch(path, { method: 'POST', body, headers: { traceparent: `00-${trace}-${parent}-01` } });
  await fetch(`${path}?from=0`);
  await relay.close();
  collector.close();

  const spans = bodies.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
  const named = (name: string): Span | undefined => spans.find((span) => span.name === name);
  const push = named('push');
  expect(push).toMatchObject({ traceId: trace, parentSpanId: parent });
  expect(named('commit')?.links).toMatchObject([{ traceId: trace, spanId: push?.spanId }]);
  expect(named('append')).toMatchObject({ parentSpanId: named('commit')?.spanId });
  expect(named('pull')?.traceId).not.toBe(trace);
  const text = JSON.stringify(bodies);
  expect(text).toContain('relay/unsigned');
  expect(text).not.toContain('corner shop');
});

it('asks nobody for traces who was not asked for them', () => {
  expect(tracingOf({})).toBeUndefined();
  expect(tracingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_SAMPLER_ARG: '0.1' })).toEqual({
    endpoint: 'http://c:4318',
    ratio: 0.1,
  });
});
