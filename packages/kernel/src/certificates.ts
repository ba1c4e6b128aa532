/**
 * State certificates (DESIGN section 5): a device signs what its fold of a settled prefix came to. Two that folded the same prefix and say different
 * things are found by the fold itself, on every device, with both signed ops as evidence: a bug of a kernel, a verb that drifts, an edited table.
 */
import { parseScope } from '@tallystick/oplog';
import { certificates, disagreements, relayAppointments } from './act-tables.ts';
import type { ActCode } from './acts.ts';
import { isExactly, isHash } from './builtin-tables.ts';
import { refuse, type View } from './verb.ts';

/** What the fold of the first `size` ops of a scope came to. */
export interface StateClaim {
  /** Settled ops folded. */
  readonly size: number;
  /** Merkle root of the scope's log at that size. */
  readonly root: string;
  /** Size of `hq` as of the scope's last mark; in `hq` itself `size`. */
  readonly marked: number;
  /** Digest of the verb versions and the shapes of tables in force there. */
  readonly manifest: string;
  /** Digest of the scope's tables with their histories. */
  readonly digest: string;
}
export interface AttestArgs extends StateClaim {
  readonly scope: string;
}

/** What is compared, in this order: where the logs differ, all else must. */
const CLAIMS = ['root', 'marked', 'manifest', 'digest'] as const;

export const bookAttest: ActCode<AttestArgs> = {
  wanted: '{ scope, size, root, marked, manifest, digest }',
  accepts: (value) =>
    isExactly(value, ['scope', 'size', 'root', 'marked', 'manifest', 'digest']) &&
    parseScope(value['scope']) !== undefined &&
    [value['size'], value['marked']].every((size) => Number.isSafeInteger(size) && (size as number) >= 0) &&
    value['size'] !== 0 &&
    [value['root'], value['manifest'], value['digest']].every(isHash),
  plan: (view, op, { scope, ...claim }) => {
    if (scope !== op.scope) return refuse('kernel/other-scope', { scope });
    const { hash, device } = op;
    const { size } = claim;
    const others = view.list(certificates, { size });
    // One device is one witness: whoever could say many things of one prefix could make every certificate dearer than the one before.
    if (others.some((other) => other.device === device)) return refuse('kernel/already-attested', { size });
    const differing = others.flatMap((other) => {
      const about = CLAIMS.find((name) => other[name] !== claim[name]);
      if (about === undefined || (about === 'root' && mayHaveParted(view))) return [];
      return [{ about, against: other.op, otherDevice: other.device }];
    });
    const known = differing.length === 0 ? new Set() : accusedWith(device, view.list(disagreements, {}));
    const news = differing.filter(({ otherDevice }) => !known.has(otherDevice));
    return [
      certificates.put({ ...claim, op: hash, device }),
      ...news.map((found) => disagreements.put({ op: hash, device, size, ...found })),
    ];
  },
};

/**
 * Whether another relay was appointed: its log may go on otherwise than the one before, and an honest device may have certified either. Whoever was shown a log that
 * no relay should have shown says so by `seen` in every op, which readers hold against the log by the epoch that its author reads.
 */
function mayHaveParted(view: View): boolean {
  return view.hq.get(relayAppointments, { of: 'book' }) !== undefined;
}

/** Devices that have disagreed with this one before. */
function accusedWith(
  device: string,
  rows: readonly { readonly device: string; readonly otherDevice: string }[],
): Set<string> {
  const pairs = rows.filter((row) => row.device === device || row.otherDevice === device);
  return new Set(pairs.map((row) => (row.device === device ? row.otherDevice : row.device)));
}
