// Metrics and health on a port of their own: for those who watch the relay, and not for those who use it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';

export function createMetricsServer(metrics: Metrics, health: Health): Server {
  async function answer({ url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [pathname = ''] = url.split('?');
    if (pathname === '/metrics') {
      const text = await metrics.text();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
      return;
    }
    const said = await health.answer(pathname);
    response.writeHead(said.status, { 'content-type': 'application/json' }).end(await said.text());
  }
  return createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
}
