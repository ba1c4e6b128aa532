// Ports for servers that are told theirs: nobody else is given one of them, by the system or by another process that asks the same way.
import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { freePorts } from '../free-ports.ts';

const source = fileURLToPath(new URL('../free-ports.ts', import.meta.url));

it('are apart from those of the system and of any other process, and nobody listens on them', async () => {
  const own = await freePorts(45);
  expect(new Set(own).size).toBe(45);
  // A process that begins its search in the very same place.
  const other = `Object.defineProperty(process, 'pid', { value: ${process.pid} });
    const { freePorts } = await import(${JSON.stringify(source)});
    console.log(JSON.stringify(await freePorts(45)));`;
  const others = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', other], { encoding: 'utf8' }),
  ) as number[];
  expect(new Set([...own, ...others]).size).toBe(90);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  expect(Math.max(...own, ...others)).toBeLessThan(port);
  server.close();
  const [refused] = (await once(
    connect(own[0] as number, '127.0.0.1').on('connect', () => undefined),
    'error',
  ).catch((error: unknown) => [error])) as [{ readonly code?: string }];
  expect(refused.code).toBe('ECONNREFUSED');
});
