// What the screens have to know about this till's key: how it is backed up, and whether the shop still takes what it signs.
import { asideUnread } from './aside-unread.ts';
import { isSealedElsewhere, readEscrow } from './escrow-check.ts';
import type { OpenShop } from './open-shop.ts';
import type { BackupKind, KeyState } from './port.ts';

interface DeviceRow {
  readonly keyId: string;
  readonly status: string;
  readonly [column: string]: string;
}

/** Undefined for a till on its own: its whole book is on this device, and so gone with it. */
export function readKeyState({ book, log, record }: OpenShop): KeyState | undefined {
  if (record.relay === undefined) return undefined;
  const [row] = book.query<DeviceRow>('SELECT keyId, status FROM devices WHERE scope = ? AND device = ?', [
    record.scope,
    book.device,
  ]);
  const { anchored } = book.status();
  const unread = asideUnread(log, book.device);
  const isElsewhere = row !== undefined && isSealedElsewhere(log, book, row.keyId);
  const backups = row === undefined ? [] : readBackups(book, row.keyId);
  return {
    backups: isElsewhere ? backups.filter((kind) => kind !== 'organisation') : backups,
    escrow: readEscrow(book),
    isSealedElsewhere: isElsewhere,
    isEnrolled: row !== undefined,
    isRevoked: row?.status === 'revoked',
    isAnchored: anchored && unread === undefined,
    unread,
  };
}

function readBackups(book: OpenShop['book'], keyId: string): readonly BackupKind[] {
  const rows = book.query<{ readonly kind: BackupKind }>(
    'SELECT kind FROM keyBackups WHERE device = ? AND keyId = ? ORDER BY kind',
    [book.device, keyId],
  );
  return rows.map(({ kind }) => kind);
}
