// A bound on open connections under which nobody is locked out: where it is reached, the one that has been silent for longest makes room for
// whoever comes. One with a request under way stays.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Connections {
  count(): number;
  /** How many were ended to make room. */
  evicted(): number;
}

/** Keeps at most `max` connections of `server` open. */
export function boundConnections(server: Server, max: number): Connections {
  /** Connections without a request under way, the one that has been so for longest first. */
  const idle = new Set<Socket>();
  const requests = new Map<Socket, number>();
  let evicted = 0;
  server.on('connection', (socket: Socket) => {
    requests.set(socket, 0);
    idle.add(socket);
    socket.once('close', () => {
      requests.delete(socket);
      idle.delete(socket);
    });
    if (requests.size <= max) return;
    const [longest] = idle;
    evicted += 1;
    (longest ?? socket).destroy();
  });
  server.on('request', ({ socket }, response) => {
    requests.set(socket, (requests.get(socket) ?? 0) + 1);
    idle.delete(socket);
    response.on('close', () => {
      const left = (requests.get(socket) ?? 1) - 1;
      if (socket.destroyed) return;
      requests.set(socket, left);
      if (left === 0) idle.add(socket);
    });
  });
  return { count: () => requests.size, evicted: () => evicted };
}
