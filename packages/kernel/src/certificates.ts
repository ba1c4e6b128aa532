/**
 * State certificates (DESIGN section 5): a device signs what its fold of a settled prefix came to. Two that folded the same prefix and say different
 * things are found by the fold itself, on every device, with both signed ops as evidence: a bug of a kernel, a verb that drifts, an edited table.
 */
import { type SetTable, setTable } from './table.ts';
import { isExactly, isHash, schemaOf } from './builtin-tables.ts';
import { defineVerb, refuse, type Verb } from './verb.ts';

type Text = 'text';
type Int = 'integer';

/** What the fold of the first `size` ops of a scope came to. */
export interface StateClaim {
  /** Settled ops folded. */
  readonly size: number;
  /** Merkle root of the scope's log at that size. */
  readonly root: string;
  /** Size of `hq` as of the scope's last mark; in `hq` itself `size`. */
  readonly marked: number;
  /** Digest of the verb versions in force there. */
  readonly manifest: string;
  /** Digest of the scope's tables with their histories. */
  readonly digest: string;
}
export interface AttestArgs extends StateClaim {
  readonly scope: string;
}

interface Claimed {
  root: Text;
  marked: Int;
  manifest: Text;
  digest: Text;
}

/** What devices said of the settled prefix of this scope. */
export const certificates: SetTable<
  { size: Int; op: Text },
  { device: Text } & { [Name in keyof Claimed]: Claimed[Name] }
> = setTable('certificates', {
  key: { size: 'integer', op: 'text' },
  columns: { device: 'text', root: 'text', marked: 'integer', manifest: 'text', digest: 'text' },
});

/** Pairs of certificates of one prefix that cannot both be true; `about` is the first thing in which they differ. */
export const disagreements: SetTable<
  { op: Text; against: Text },
  { size: Int; about: Text; device: Text; otherDevice: Text }
> = setTable('disagreements', {
  key: { op: 'text', against: 'text' },
  columns: { size: 'integer', about: 'text', device: 'text', otherDevice: 'text' },
});

/** What is compared, in this order: where the logs differ, all else must. */
const CLAIMS = ['root', 'marked', 'manifest', 'digest'] as const;

export const bookAttest: Verb<'book.attest', AttestArgs> = defineVerb({
  name: 'book.attest',
  version: 1,
  roles: ['owner', 'manager', 'till', 'van', 'warehouse', 'carrier', 'agent', 'auditor'],
  tables: [certificates, disagreements],
  args: schemaOf<AttestArgs>(
    (value) =>
      isExactly(value, ['scope', 'size', 'root', 'marked', 'manifest', 'digest']) &&
      typeof value['scope'] === 'string' &&
      [value['size'], value['marked']].every((size) => Number.isSafeInteger(size) && (size as number) >= 0) &&
      value['size'] !== 0 &&
      [value['root'], value['manifest'], value['digest']].every(isHash),
    '{ scope, size, root, marked, manifest, digest }',
  ),
  plan: (view, op, { scope, ...claim }) => {
    if (scope !== op.scope) return refuse('kernel/other-scope', { scope });
    const { hash, device } = op;
    return [
      certificates.put({ ...claim, op: hash, device }),
      ...view.list(certificates, { size: claim.size }).flatMap((other) => {
        const about = CLAIMS.find((name) => other[name] !== claim[name]);
        if (about === undefined) return [];
        const named = { against: other.op, otherDevice: other.device };
        return [disagreements.put({ op: hash, device, size: claim.size, about, ...named })];
      }),
    ];
  },
});
