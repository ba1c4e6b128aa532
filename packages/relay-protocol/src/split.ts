// Proving that a relay shows two logs (docs/spec/relay-proof.md, "Split"): what the longer one had where the shorter one ends.
import { consistencyProof, type Hasher, type ReadNode } from '@tallystick/chain';
import { encodeHex, type BookId, type RootHash, type Scope } from '@tallystick/oplog';
import type { RelayClient } from './client.ts';
import type { RelayProof } from './relay-proof.ts';
import { tileWidth } from './tile-path.ts';
import { overTiles, type ReadTile, rootOver } from './tiles.ts';

/** A checkpoint and the size it is about. */
export interface SizedNote {
  readonly size: number;
  readonly note: string;
}

type Split = Extract<RelayProof, { kind: 'split' }>;

/** Of two checkpoints, the proof that they are of two logs; `longer` has the nodes of the tree of the second. Whether it proves anything is for `verifyRelayProof`. */
export function splitOver(
  shorter: SizedNote,
  longer: SizedNote & { readonly readNode: ReadNode },
  hasher: Hasher,
): Split {
  const notes = { kind: 'split', first: shorter.note, second: longer.note } as const;
  if (shorter.size === longer.size) return notes;
  const path = consistencyProof(shorter.size, longer.size, longer.readNode, hasher);
  const prefix = rootOver(shorter.size, longer.readNode, hasher);
  return { ...notes, prefix, path: path.map((hash) => encodeHex(hash) as RootHash) };
}

/** The same over the tiles that a relay serves of the longer log. Throws what the client throws. */
export function splitOverTiles(
  { client, book, scope }: { readonly client: Pick<RelayClient, 'tile'>; readonly book: BookId; readonly scope: Scope },
  shorter: SizedNote,
  longer: SizedNote,
  hasher: Hasher,
): Promise<Split> {
  const readTile: ReadTile = (level, index) => {
    const width = Math.min(tileWidth, Math.floor(longer.size / tileWidth ** level) - index * tileWidth);
    return client.tile(book, scope, { level, index, width });
  };
  return overTiles(readTile, hasher, (readNode) => splitOver(shorter, { ...longer, readNode }, hasher));
}
