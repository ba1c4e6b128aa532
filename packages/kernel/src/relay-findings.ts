/** What the relay of a book was convicted of here: proofs that anybody can check, kept in the log's meta (docs/spec/relay-proof.md). */
import type { LogStore, Scope as ScopeName } from '@tallystick/oplog';

/** The relay contradicted what it had signed. Evidence; it does not go away. */
export interface RelayFinding {
  readonly kind: 'split' | 'broken-receipt' | 'two-receipts' | 'shrunk';
  readonly scope: ScopeName;
  /** The size or position that it had promised something about, and what it said later. */
  readonly promised: number;
  readonly later: number;
  /** When this device found it, by its clock, in ms. */
  readonly at: number;
  /** The proof itself, to be handed on as it is. */
  readonly proof: string;
}

const META_FINDINGS = 'relay-findings';
/** One a kind and scope, and no more in all: a relay that lies goes on lying. */
const MOST = 16;

export function relayFindings(log: LogStore): readonly RelayFinding[] {
  const text = log.meta(META_FINDINGS);
  return text === undefined ? [] : (JSON.parse(text) as RelayFinding[]);
}

export function isFound(log: LogStore, { kind, scope }: Pick<RelayFinding, 'kind' | 'scope'>): boolean {
  const findings = relayFindings(log);
  return findings.length >= MOST || findings.some((finding) => finding.kind === kind && finding.scope === scope);
}

/** Durable when it returns. */
export async function keepFinding(log: LogStore, finding: RelayFinding): Promise<void> {
  if (isFound(log, finding)) return;
  await log.setMeta(META_FINDINGS, JSON.stringify([...relayFindings(log), finding]));
}
