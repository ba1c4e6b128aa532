// Serves the page on loopback and waits for the report it sends back.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Bundles } from './bundle.ts';
import type { PageFailure, PageReport } from './page.ts';
import type { PublishedFile } from './published-cases.ts';

/** A script that cannot even be parsed is reported as well. */
const html = `<!doctype html><meta charset="utf-8"><title>vectors</title><link rel="icon" href="data:,">
<script>
  addEventListener('error', ({ message }) => {
    fetch('report', { method: 'POST', body: JSON.stringify({ failure: message }) });
  });
</script>
<script type="module" src="page.js"></script>`;

export interface PageServer extends AsyncDisposable {
  readonly url: string;
  /** The first report. Rejects with what the page says went wrong. */
  readonly report: Promise<PageReport>;
}

export async function servePage(bundles: Bundles, files: readonly PublishedFile[]): Promise<PageServer> {
  const contentByPath = new Map<string, readonly [type: string, content: string]>([
    ['/', ['text/html', html]],
    ['/page.js', ['text/javascript', bundles.page]],
    ['/worker.js', ['text/javascript', bundles.worker]],
    ['/log-worker.js', ['text/javascript', bundles.logWorker]],
    ['/published.json', ['application/json', JSON.stringify(files)]],
  ]);
  const { promise, resolve, reject } = Promise.withResolvers<PageReport>();
  // Whoever opens the page may fail before anybody waits for the report.
  promise.catch(() => undefined);
  async function takeReport(request: IncomingMessage): Promise<void> {
    const report = JSON.parse(await text(request)) as PageReport | PageFailure;
    if ('failure' in report) reject(new Error(`the page failed: ${report.failure}`));
    else resolve(report);
  }
  const server = createServer((request, response) => {
    const content = contentByPath.get(request.url ?? '');
    if (request.method === 'POST' && request.url === '/report') {
      takeReport(request).then(() => response.end(), reject);
    } else if (content === undefined) {
      response.writeHead(404).end();
    } else {
      response.writeHead(200, { 'content-type': content[0] }).end(content[1]);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    report: promise,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
