// What every place for wrapped keys does. `reopen` is another handle on the same blobs.
import { expect, it } from 'vitest';
import type { Blobs } from '../src/index.ts';

export interface BlobsUnderTest {
  readonly blobs: Blobs;
  readonly reopen: () => Blobs;
}

export function describeBlobs(open: () => BlobsUnderTest | Promise<BlobsUnderTest>): void {
  it('keeps texts by name, the last one put', async () => {
    const { blobs, reopen } = await open();
    for (const [name, text] of [
      ['b.1', 'one'],
      ['a.2', 'two'],
      ['b.1', 'three'],
    ] as const)
      await blobs.put(name, text);
    for (const handle of [blobs, reopen()]) {
      expect(await handle.names()).toEqual(['a.2', 'b.1']);
      expect([await handle.get('b.1'), await handle.get('c.1')]).toEqual(['three', undefined]);
    }
  });

  it('deletes, for every handle', async () => {
    const { blobs, reopen } = await open();
    await blobs.put('a.1', 'one');
    const handle = reopen();
    expect([await blobs.delete('a.1'), await blobs.delete('a.1'), await handle.get('a.1')]).toEqual([
      true,
      false,
      undefined,
    ]);
    expect(await handle.names()).toEqual([]);
  });

  it('takes no name that leads elsewhere', async () => {
    const { blobs } = await open();
    for (const name of ['../a', 'a/b', '', 'A', '..', 'a..b'])
      await expect((async () => blobs.get(name))()).rejects.toMatchObject({
        code: expect.stringMatching(/\/(store|bad-request)$/) as string,
      });
  });
}
