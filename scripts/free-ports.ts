// Ports of the loopback address for servers that are told theirs, or that come back to the one they had. They are none of those that the system hands out by
// itself, and no two processes take the same: whoever asks the system for any port between the asking here and the listening there gets another one.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const blockPorts = 20;
/** Above what programs are known by, and above the last port that a browser refuses to open. */
const first = 11_000;

/** The first that the system hands out by itself. */
function firstOfSystem(): number {
  try {
    return Number(/^\d+/.exec(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'))?.[0]);
  } catch {
    return 32_768;
  }
}

/** A machine may hand out nearly all of them: then any will do that nobody listens on now. */
const blocks = Math.floor((Math.max(firstOfSystem(), first + 10_000) - first) / blockPorts);

/** Ports of blocks whose first this process listens on for as long as it lives. */
const own: number[] = [];
let turn = process.pid;

/** Ports that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = own.shift();
    if (port === undefined) await takeBlock();
    else if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

async function takeBlock(): Promise<void> {
  for (let tries = 0; tries < blocks; tries += 1, turn += 1) {
    const start = first + (turn % blocks) * blockPorts;
    const held = await listenOn(start);
    if (held === undefined) continue;
    held.unref();
    turn += 1;
    own.push(...Array.from({ length: blockPorts - 1 }, (_, index) => start + 1 + index));
    return;
  }
  throw new Error(`somebody listens on every port between ${first} and ${first + blocks * blockPorts}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port);
  if (server === undefined) return false;
  await once(server.close(), 'close');
  return true;
}

/** Undefined where somebody else has the port. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
