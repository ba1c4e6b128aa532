// What the relay is asked besides pushes, as `Request` and `Response`, and what each request came to.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Relay } from '@tallystick/relay-protocol';
import type { ServerRequest } from 'srvx';
import { toNodeHandler } from 'srvx/node';
import type { Health } from './health.ts';
import { errorToFields, type Log } from './log.ts';
import type { Tracing } from './tracing.ts';
import { askedOf } from './request-kind.ts';
import { clientLeft, codeIn, type Served } from './served.ts';

export interface ListenerOptions {
  readonly relay: Pick<Relay, 'fetch'>;
  readonly health: Health;
  readonly log: Log;
  readonly tracing: Pick<Tracing, 'begin'> | undefined;
  onServed(served: Served): void;
}

export function createListener({ relay, health, log, tracing, onServed }: ListenerOptions): RequestListener {
  const codes = new WeakMap<object, string>();
  const note = (response: object | undefined, body: string): void => {
    const code = codeIn(body);
    if (response !== undefined && code !== undefined) codes.set(response, code);
  };
  const handle = toNodeHandler(async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/healthz')) return health.answer(pathname);
    const answer = await relay.fetch(request);
    if (answer.status >= 400) note((request as ServerRequest).runtime?.node?.res, await answer.clone().text());
    return answer;
    // Its type asks for a message of both HTTP versions at once; it takes either.
  }) as (request: IncomingMessage, response: ServerResponse) => unknown;
  return (request, response) => {
    const { method = '', url = '' } = request;
    const asked = askedOf(method, url);
    const startMs = performance.now();
    const trace = tracing?.begin(asked, method, request.headers['traceparent'] as string | undefined);
    const served = (status: number): void => {
      const code = codes.get(response);
      trace?.end(status, code);
      onServed({ ...asked, status, code, durationMs: performance.now() - startMs });
    };
    // Each comes once, and a listener that takes itself off again costs more than one that stays.
    response.on('close', () => served(response.writableFinished ? response.statusCode : clientLeft));
    Promise.resolve(handle(request, response)).catch((error: unknown) => {
      log({ level: 'warn', event: 'not-sent', ...errorToFields(error) });
      response.destroy();
    });
  };
}
