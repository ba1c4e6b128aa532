// The vectors of docs/spec/snapshot.md.
import { nodeCrypto } from '@tallystick/kernel/node';
import type { BookId } from '@tallystick/oplog';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import manifests from '../../../fixtures/snapshot/manifest.json' with { type: 'json' };
import shards from '../../../fixtures/snapshot/shard.json' with { type: 'json' };
import { decodeShard } from '../src/shard.ts';
import { openManifest } from '../src/snapshot.ts';

const codeOf = (error: unknown): unknown => (error as { code?: string }).code;

describe('manifests', () => {
  it.each(manifests.map((vector) => [vector.name, vector] as const))('%s', async (_name, { input, expect: wanted }) => {
    const opened = openManifest(new TextEncoder().encode(input.text), input.book as BookId, nodeCrypto).then(
      ({ manifest }) => {
        const [first] = manifest.scopes;
        return { ok: true, size: first?.size ?? 0, digest: first?.digest ?? '' };
      },
      (error: unknown) => ({ ok: false, code: codeOf(error) }),
    );
    expect(await opened).toEqual(wanted);
  });
});

describe('shards', () => {
  it.each(shards.map((vector) => [vector.name, vector] as const))('%s', async (_name, { input, expect: wanted }) => {
    const decoded = decodeShard(gzipSync(input.text), input.shard, input.scope, nodeCrypto.hasher).then(
      (rows) => ({ ok: true, rows: rows.length }),
      (error: unknown) => ({ ok: false, code: codeOf(error) }),
    );
    expect(await decoded).toEqual(wanted);
  });
});
