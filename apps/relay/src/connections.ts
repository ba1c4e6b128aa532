// A bound on open connections under which nobody is locked out: where it is reached, the one that has been silent for longest makes room for
// whoever comes. One with a request under way stays.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Connections {
  count(): number;
  /** How many were ended to make room. */
  evicted(): number;
}

/** Requests of one connection that wait for their answers; nobody who waits for theirs has more than one. */
const maxUnanswered = 64;

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
    const unanswered = (requests.get(socket) ?? 0) + 1;
    // What is handed to another thread holds up nobody who sends: without this bound it is as much as comes.
    if (unanswered > maxUnanswered) socket.destroy();
    if (socket.destroyed) return;
    requests.set(socket, unanswered);
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
