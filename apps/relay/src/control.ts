// How commands on the same machine reach a running relay: a socket in its data folder, which is its owner's alone.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { isAbsolute, join } from 'node:path';
import { json, text } from 'node:stream/consumers';

const socketPath = (dataDir: string): string => join(dataDir, 'control.sock');
/** What the system takes for the path of a socket. */
const maxPathLength = 100;

/** Answers commands until it is closed; undefined where the path of the folder is too long for a socket. */
export async function openControl(
  dataDir: string,
  store: { backup(path: string): Promise<void> },
): Promise<Server | undefined> {
  const path = socketPath(dataDir);
  if (path.length > maxPathLength) return undefined;
  // Of a relay that was killed: whoever holds the database is the only one here.
  rmSync(path, { force: true });
  const server = createServer((asked, response) => {
    const answer = (status: number, body: string): void => void response.writeHead(status).end(body);
    json(asked)
      .then(async (body) => {
        const copy = asked.url === '/backup' ? (body as { path?: unknown }).path : undefined;
        if (typeof copy !== 'string' || !isAbsolute(copy)) return answer(400, 'no such command');
        await store.backup(copy);
        answer(200, 'done');
      })
      .catch((error: unknown) => answer(500, error instanceof Error ? error.message : String(error)));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  chmodSync(path, 0o600);
  return server;
}

/** Has the relay that runs on `dataDir` copy its database to `path`; false where none runs. Throws what it answers. */
export function askBackup(dataDir: string, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: socketPath(dataDir), path: '/backup', method: 'POST' });
    asking.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? resolve(false) : reject(error),
    );
    asking.once('response', (response) => {
      text(response)
        .then((said) =>
          response.statusCode === 200 ? resolve(true) : reject(new Error(`the relay answered: ${said}`)),
        )
        .catch(reject);
    });
    asking.end(JSON.stringify({ path }));
  });
}
