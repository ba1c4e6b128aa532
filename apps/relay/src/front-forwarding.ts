// What is no push goes on to the relay's own thread as it came, and its answer back: reads, tails, notes, keys, health.
import { Agent, type IncomingMessage, request as ask, type ServerResponse } from 'node:http';

export interface Forwarding {
  pass(request: IncomingMessage, response: ServerResponse): void;
  close(): void;
}

/** Of one connection, and so not for the next (RFC 9110, section 7.6.1). */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect']);
/** Of an answer, whose length is told in the way that its asker understands. */
const ofAnswer = new Set([...ofConnection, 'transfer-encoding']);
const maxIdle = 4;

/** `inner` is the path of a socket, or a port of this machine. */
export function createForwarding(inner: string | number): Forwarding {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: maxIdle });
  const to = typeof inner === 'string' ? { socketPath: inner } : { host: '127.0.0.1', port: inner };
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    const { method, url } = request;
    const headers = pick(request.rawHeaders, ofConnection);
    // As HTTP/1.0 may come, and 1.1 may not go on.
    if (request.headers.host === undefined) headers.push('host', 'localhost');
    const asking = ask({ ...to, agent, method, path: url, headers, setDefaultHeaders: false });
    asking.on('response', (answer) => passBack(answer, request, response));
    asking.on('error', () => {
      if (!response.writableEnded) response.destroy();
    });
    response.on('close', () => {
      // The rest of a body that was answered before it was here never comes: nobody may ask anything else on that connection.
      if (!response.writableFinished || !asking.writableFinished) asking.destroy();
    });
    if (isBodyTold(headers)) request.pipe(asking);
    else {
      asking.end();
      request.resume();
    }
  };
  return {
    pass(request, response) {
      // One after another on each connection: who sends a thousand requests at once takes one connection inside, and leaves none behind.
      if (response.socket === null) response.once('socket', () => pass(request, response));
      else pass(request, response);
    },
    close: () => agent.destroy(),
  };
}

function passBack(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
  // What was not read of a body cannot be skipped: the connection ends with the answer.
  const closing = request.complete ? [] : ['connection', 'close'];
  response.writeHead(answer.statusCode as number, [...pick(answer.rawHeaders, ofAnswer), ...closing]);
  response.flushHeaders();
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

/** Where Node leaves out headers, as it may those that come after a thousand, the bytes of a body would be read as the next request. */
function isBodyTold(headers: readonly string[]): boolean {
  return headers.some((name, at) => at % 2 === 0 && /^(?:content-length|transfer-encoding)$/i.test(name));
}

function pick(rawHeaders: readonly string[], left: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!left.has(name.toLowerCase())) kept.push(name, rawHeaders[at + 1] as string);
  }
  return kept;
}
