// A key agent over the ssh-agent protocol (draft-ietf-sshm-ssh-agent): OpenSSH's own agent and those of hardware tokens
// and password managers. An `ssh-ed25519` signature there is plain Ed25519 over the given bytes.
import { createConnection } from 'node:net';
import type { KeyAgent } from './agent.ts';

export interface SshAgentOptions {
  /** Path of the socket or of the named pipe; `SSH_AUTH_SOCK` is where one usually stands. */
  readonly socket: string;
  /** How long a request may take, a person's touch included: 60,000 by default. */
  readonly timeoutMs?: number;
}

const identitiesRequest = 11;
const identitiesAnswer = 12;
const signRequest = 13;
const signResponse = 14;
const keyType = 'ssh-ed25519';
/** As much as OpenSSH's own agent and client exchange at most. */
const maxMessageBytes = 256 * 1024;

/**
 * Finds keys by their comment (`ssh-keygen -t ed25519 -C device`), so names are comments. Use a key for Tallystick alone. It
 * makes no keys. Two keys of one comment are refused: which of them is the device is not for a guess.
 */
export function createSshAgent({ socket, timeoutMs = 60_000 }: SshAgentOptions): KeyAgent {
  const find = async (name: string): Promise<Uint8Array | undefined> => {
    const answer = await request(socket, timeoutMs, Buffer.of(identitiesRequest));
    const blobs = readIdentities(answer).flatMap(({ blob, comment }) => (comment === name ? [blob] : []));
    if (blobs.length > 1) throw new Error(`the agent has ${blobs.length} Ed25519 keys named ${name}`);
    return blobs[0];
  };
  return {
    async publicKey(name) {
      const blob = await find(name);
      return blob === undefined ? undefined : publicKeyOf(blob);
    },
    async sign(name, message) {
      const blob = await find(name);
      if (blob === undefined) throw new Error(`the agent has no key named ${name} any more`);
      const body = Buffer.concat([Buffer.of(signRequest), string(blob), string(message), Buffer.alloc(4)]);
      return readSignature(await request(socket, timeoutMs, body));
    },
  };
}

/** One message there and one back, each with its length before it, on a connection of its own. */
function request(socket: string, timeoutMs: number, body: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(socket);
    let received = Buffer.alloc(0);
    const fail = (cause: Error): void => {
      connection.destroy();
      reject(cause);
    };
    connection.setTimeout(timeoutMs, () => fail(new Error(`the agent gave no answer in ${timeoutMs} ms`)));
    connection.on('error', fail);
    connection.on('end', () => fail(new Error('the agent hung up')));
    connection.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4) return;
      const size = received.readUInt32BE(0);
      if (size < 1 || size > maxMessageBytes) return fail(new Error(`the agent announced a message of ${size} bytes`));
      if (received.length < 4 + size) return;
      connection.destroy();
      resolve(received.subarray(4, 4 + size));
    });
    connection.write(string(body));
  });
}

interface Identity {
  readonly blob: Buffer;
  readonly comment: string;
}

function readIdentities(answer: Buffer): Identity[] {
  const reader = new Reader(answer, identitiesAnswer);
  const count = reader.number();
  const identities: Identity[] = [];
  // Each takes 8 bytes at least, so the reader ends this early whatever the count.
  for (let i = 0; i < count; i++) identities.push({ blob: reader.bytes(), comment: reader.bytes().toString() });
  return identities.filter(({ blob }) => isEd25519(blob));
}

function isEd25519(blob: Buffer): boolean {
  return blob.length === 51 && blob.subarray(4, 15).toString('latin1') === keyType;
}

function publicKeyOf(blob: Uint8Array): Uint8Array {
  return Uint8Array.from(blob.subarray(19));
}

function readSignature(answer: Buffer): Uint8Array {
  const signature = new Reader(new Reader(answer, signResponse).bytes());
  const type = signature.bytes().toString('latin1');
  if (type !== keyType) throw new Error(`the agent signed with ${type}`);
  return Uint8Array.from(signature.bytes());
}

function string(bytes: Uint8Array): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

/** Reads SSH's numbers and strings; throws a RangeError past the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer, kind?: number) {
    this.#bytes = bytes;
    if (kind === undefined) return;
    if (bytes[0] !== kind) throw new Error(`the agent answered ${bytes[0]} where ${kind} was due: it refuses`);
    this.#at = 1;
  }

  number(): number {
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  bytes(): Buffer {
    const end = this.number() + this.#at;
    if (end > this.#bytes.length) throw new RangeError('the answer of the agent is cut off');
    const value = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return value;
  }
}
