// How far each device had come in the logs that were put aside. It is noted when the till is set up again, and comes only then.
import { parseScope, type Scope } from '@tallystick/oplog';
import { type FileSalvage, salvageLogFile } from '@tallystick/oplog/file';
import type { AsideLog } from './aside-files.ts';
import { type AsideHead, noteAsideHeads } from './aside-unread.ts';
import type { TillLog } from './open-shop.ts';

/** Before the till is of this shop again: from then on it writes nothing under a key of which more was written than it has. The newest log comes last. */
export async function noteAsides(
  log: Pick<TillLog, 'setMeta'>,
  book: string,
  asides: readonly Pick<AsideLog, 'file'>[],
): Promise<void> {
  const heads: AsideHead[] = [];
  for (const [index, { file }] of asides.entries()) {
    const salvage = salvageLogFile(new Uint8Array(await file.arrayBuffer()));
    // A log that does not say of which book it is may be of this one.
    if ((salvage.book ?? book) !== book) continue;
    heads.push(...headsOf(salvage));
    // The newest is of the key that is here now, whether or not an op of it reads.
    if (index === asides.length - 1 && salvage.damaged.length > 0) heads.push(unreadWriter);
  }
  if (heads.length > 0) await noteAsideHeads(log, heads);
}

const unreadWriter: AsideHead = { scope: parseScope('hq') as Scope, seq: 0, isLast: false };

/** The newest op that reads of each chain. */
export function headsOf({ records, placesByHash, damaged }: FileSalvage): readonly AsideHead[] {
  const lastDamage = damaged.at(-1)?.at ?? -1;
  const byChain = new Map<string, AsideHead>();
  for (const { hash, op } of records) {
    const { device, scope, seq } = op;
    const known = byChain.get(`${scope} ${device}`);
    // Behind the op, the damage may have held others.
    const isLast = (placesByHash.get(hash) ?? 0) > lastDamage;
    if (known === undefined || known.seq < seq) byChain.set(`${scope} ${device}`, { device, scope, seq, isLast });
  }
  return [...byChain.values()];
}
