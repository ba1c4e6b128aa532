/** What a book remembers of the snapshot that it began from. */
import type { Replica } from './replica.ts';
import type { SnapshotTrust } from './snapshot-trust.ts';

export interface TrustNote {
  /** Of the manifest's first line. */
  readonly hash: string;
  readonly device: string;
  readonly trust: SnapshotTrust;
}

const META_SNAPSHOT = 'snapshot';

export function readTrust({ log }: Replica): TrustNote | undefined {
  const text = log.meta(META_SNAPSHOT);
  if (text === undefined) return undefined;
  const [trust, hash = '', device = ''] = text.split(' ');
  return { trust: trust as SnapshotTrust, hash, device };
}

export async function noteTrust({ log }: Replica, { trust, hash, device }: TrustNote): Promise<void> {
  await log.setMeta(META_SNAPSHOT, `${trust} ${hash} ${device}`);
}
