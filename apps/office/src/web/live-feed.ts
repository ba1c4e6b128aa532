// Server-sent events of the office page: `changed` when the books or the connection changed, `beat` after every exchange with
// the relay. Bounded in listeners; a listener that does not read is let go.
import type { ServerResponse } from 'node:http';
import { HttpRefusal } from './http.ts';

const maxListeners = 64;
const maxBufferedBytes = 64 * 1024;
const keepAliveMs = 15_000;

export interface LiveFeed {
  add(response: ServerResponse): void;
  send(event: 'changed' | 'beat', data: Readonly<Record<string, unknown>>): void;
  close(): void;
}

export function createLiveFeed(): LiveFeed {
  const listeners = new Set<ServerResponse>();
  const write = (text: string): void => {
    for (const response of listeners) {
      if (response.writableLength > maxBufferedBytes) response.destroy();
      else response.write(text);
    }
  };
  const keepAlive = setInterval(() => write(': here\n\n'), keepAliveMs);
  keepAlive.unref();
  return {
    add(response) {
      if (listeners.size >= maxListeners) throw new HttpRefusal(503, 'office/busy', 'too many pages are open');
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write('retry: 2000\n\n');
      listeners.add(response);
      response.on('close', () => listeners.delete(response));
    },
    send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    close() {
      clearInterval(keepAlive);
      for (const response of listeners) response.destroy();
    },
  };
}
