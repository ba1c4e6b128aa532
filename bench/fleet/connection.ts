/** A till's end of HTTP/1.1, as thin as it can be: one kept-alive connection, one request at a time. The relay's end is the real one. */
import { connect, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly body: Buffer;
  readonly bytesIn: number;
}

export interface Connection {
  /** The whole request, head and body. Rejects when the connection breaks before the answer is whole. */
  send(request: Uint8Array): Promise<Reply>;
  close(): void;
}

export function createConnection(port: number): Connection {
  let socket: Socket | undefined;
  let received: Buffer[] = [];
  let waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;
  const fail = (error: Error): void => {
    socket?.destroy();
    socket = undefined;
    received = [];
    waiting?.reject(error);
    waiting = undefined;
  };
  const take = (chunk: Buffer): void => {
    received.push(chunk);
    const all = received.length === 1 ? chunk : Buffer.concat(received);
    received = [all];
    const reply = parseReply(all);
    if (reply === undefined) return;
    received = [];
    const { resolve } = waiting as NonNullable<typeof waiting>;
    waiting = undefined;
    resolve(reply);
  };
  const open = (): Socket => {
    const opened = connect({ port, host: '127.0.0.1', noDelay: true });
    opened.on('data', take);
    opened.on('error', fail);
    opened.on('close', () => (socket === opened ? fail(new Error('the connection closed')) : undefined));
    return opened;
  };
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket ??= open();
        socket.write(request);
      }),
    close() {
      const ended = socket;
      socket = undefined;
      ended?.destroy();
    },
  };
}

/** Undefined while more is to come. Answers with a length and chunked ones. */
function parseReply(bytes: Buffer): Reply | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.subarray(0, end).toString('latin1').toLowerCase();
  const status = Number(head.slice(9, 12));
  const from = end + 4;
  if (status === 204) return { status, body: bytes.subarray(from), bytesIn: bytes.length };
  const length = /\r\ncontent-length: ([0-9]+)/.exec(head)?.[1];
  if (length !== undefined) {
    if (bytes.length < from + Number(length)) return undefined;
    return { status, body: bytes.subarray(from), bytesIn: bytes.length };
  }
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (bytes.length < line + 2 + size + 2) return undefined;
    if (size === 0) return { status, body: Buffer.concat(parts), bytesIn: bytes.length };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
