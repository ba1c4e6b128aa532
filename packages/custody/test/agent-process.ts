// An agent as a process of its own, in the place of a hardware token or a key management service: it makes and keeps the keys,
// and answers requests, one JSON text a line, on the socket named in its arguments. No request gives a private key.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

interface Request {
  readonly ask: 'publicKey' | 'sign' | 'create';
  readonly name: string;
  readonly message?: string;
}

const keysByName = new Map<string, { privateKey: KeyObject; publicKey: KeyObject }>();

function answer({ ask, name, message = '' }: Request): string | undefined {
  if (ask === 'create' && keysByName.has(name)) throw new Error('there is one already');
  if (ask === 'create') keysByName.set(name, generateKeyPairSync('ed25519'));
  const key = keysByName.get(name);
  if (key === undefined) return undefined;
  if (ask === 'sign') return sign(null, Buffer.from(message, 'hex'), key.privateKey).toString('hex');
  return key.publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('hex');
}

const server = createServer((connection) => {
  createInterface({ input: connection }).on('line', (line) => {
    try {
      connection.write(`${JSON.stringify({ ok: true, hex: answer(JSON.parse(line) as Request) })}\n`);
    } catch (error) {
      connection.write(`${JSON.stringify({ ok: false, message: String(error) })}\n`);
    }
  });
});
server.listen(process.argv[2], () => process.stdout.write('listening\n'));
