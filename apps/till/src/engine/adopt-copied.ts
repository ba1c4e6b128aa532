// What a copy of a till wrote without effect is adopted by the till that replaces it.
import type { OpenShop } from './open-shop.ts';
import type { Backup } from './port.ts';
import type { JoinRequest } from './requests.ts';

export function backupsOf({ key }: JoinRequest): readonly Backup[] {
  return key?.backups ?? [];
}

/**
 * Gives effect to what the device that this one replaces wrote where another had written first. What it wrote after it was revoked is not this
 * till's to judge: it waits for a person at the office. True when there was something.
 */
export async function adoptCopied(book: OpenShop['book']): Promise<boolean> {
  const [row] = book.query<{ readonly replaces: string }>(
    "SELECT replaces FROM devices WHERE device = ? AND replaces <> '' LIMIT 1",
    [book.device],
  );
  if (row === undefined) return false;
  const copied = book.quarantine().filter(({ device, code }) => device === row.replaces && code === 'kernel/fork');
  if (copied.length === 0) return false;
  const commits = await book.commitAll(
    copied.map(({ hash, scope }) => ({ verb: 'device.recover' as const, args: { op: hash }, scope })),
  );
  return commits.some(({ ok }) => ok);
}
