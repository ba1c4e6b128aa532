// How long a server of this program waits for whom, and how it ends.
import type { Server } from 'node:http';

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const idleTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;

/** For a server that anybody may reach. */
export function limitTime(server: Server): void {
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.timeout = idleTimeoutMs;
}

/** No more connections; those that are open end with what is under way, or after ten seconds. */
export async function closeServers(servers: readonly Server[]): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  const deadline = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), stopTimeoutMs);
  // A connection that is kept alive becomes idle when its answer is out; nothing else tells the server to end it then.
  const sweep = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), 50);
  await closed;
  clearTimeout(deadline);
  clearInterval(sweep);
}
