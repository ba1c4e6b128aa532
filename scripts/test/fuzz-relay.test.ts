// The short form of `npm run fuzz:relay`, and relays that it finds at fault.
import type { Relay } from '@tallystick/relay-protocol';
import { expect, test } from 'vitest';
import { fuzzRelay, maxGrownMiB } from '../fuzz-relay.ts';

test('requests of every kind are answered as they should be, and an honest device meanwhile', async () => {
  const { faults, served, statuses, grownMiB } = await fuzzRelay(1_500, 11);
  expect(faults).toEqual([]);
  expect(served).toBe(100);
  expect(grownMiB).toBeLessThan(maxGrownMiB);
  // Not one kind of answer alone: what is whole is taken, and what is not is refused in each of the ways there are.
  for (const status of [200, 400, 401, 404, 405, 413, 415, 416])
    expect(statuses[status], `${status}`).toBeGreaterThan(0);
});

test('a relay that fails, that says another status than its code has, and one that hangs up on others are found', async () => {
  const answering =
    (isHit: (request: Request) => boolean, change: (answer: Response) => Response) =>
    (relay: Relay): Pick<Relay, 'fetch'> => ({
      fetch: async (request) => (isHit(request) ? change(await relay.fetch(request)) : relay.fetch(request)),
    });
  const isTile = ({ url }: Request): boolean => url.includes('/tile/');
  const failing = await fuzzRelay(
    300,
    5,
    answering(isTile, () => new Response('{}', { status: 500 })),
  );
  expect(failing.faults[0]).toMatch(/^status 500/);
  const teapot = answering(isTile, ({ body, headers }) => new Response(body, { status: 418, headers }));
  expect((await fuzzRelay(300, 5, teapot)).faults[0]).toMatch(/has status 418|is refused with/);
  const deaf = answering(
    ({ method, url }) => method === 'GET' && url.includes('?from=3'),
    () => new Response('{"code":"relay/busy","message":""}', { status: 503, headers: { 'retry-after': '1' } }),
  );
  await expect(fuzzRelay(300, 5, deaf)).rejects.toMatchObject({ code: 'relay/busy' });
});
