/**
 * Custody: who has the goods between two scopes. Each change of hands is a tally of the kernel, offered by who has them and accepted by who takes them. Its
 * terms name the hash of what it follows, what the giver had and what the taker got, so a loss belongs to the hop that both sides signed.
 */
import { type Refusal, refuse, type View } from '@tallystick/kernel';
import { type OfferArgs, tallies } from '@tallystick/kernel/tally';

/** One hop as it is signed: quantities by line of the transfer. */
export interface CustodyTerms {
  /** Hash of the dispatch for the first change of hands, then of the answer that accepted the one before. */
  readonly after: string;
  /** What the giver had taken over. */
  readonly took: readonly number[];
  /** What the taker gets. */
  readonly gave: readonly number[];
}

/** A change of hands that both sides signed. */
export interface CustodyHop extends CustodyTerms {
  readonly giver: string;
  readonly taker: string;
}

const kind = 'custody';
const maxQuantity = 1e9;

/** Arguments of the `tally.offer` by which the goods of a transfer change hands to the device `to`. */
export function custodyOffer(transfer: string, to: string, { after, took, gave }: CustodyTerms): OfferArgs {
  return { to, kind, subject: transfer, terms: { after, took: [...took], gave: [...gave] } };
}

/** The terms of a row of `tallies`; undefined for what is no custody, or of another number of lines. */
export function parseCustodyTerms(text: string, lines?: number): CustodyTerms | undefined {
  const terms: unknown = JSON.parse(text);
  if (typeof terms !== 'object' || terms === null) return undefined;
  const { after, took, gave } = terms as Partial<Record<keyof CustodyTerms, unknown>>;
  if (typeof after !== 'string' || !isQuantities(took) || !isQuantities(gave)) return undefined;
  if (took.length !== gave.length || took.length !== (lines ?? took.length)) return undefined;
  return { after, took, gave };
}

function isQuantities(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((quantity) => Number.isSafeInteger(quantity) && quantity >= 0 && quantity <= maxQuantity)
  );
}

/** The change of hands that a receipt names, as both sides signed it in this scope. */
export function custodyHop(view: View, transfer: string, delivery: string, lines: number): CustodyHop | Refusal {
  const tally = view.get(tallies, { offer: delivery });
  if (tally === undefined || tally.kind !== kind || tally.subject !== transfer)
    return refuse('retail/no-delivery', { transfer, delivery });
  if (tally.state !== 'accepted') return refuse('retail/not-countersigned', { transfer, state: tally.state });
  const terms = parseCustodyTerms(tally.terms, lines);
  if (terms === undefined) return refuse('retail/custody-terms', { transfer, delivery });
  return { ...terms, giver: tally.from, taker: tally.to };
}
