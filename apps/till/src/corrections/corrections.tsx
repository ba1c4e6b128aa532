// The corrections of this till: what was sold, why it stands otherwise than it was meant, and who owes what for it.
import { correctionWords, type Owed } from '@tallystick/retail/corrections';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { CorrectedEntry } from '../engine/standing.ts';
import { formatMoney } from '../model/money.ts';
import { dateTimeText } from '../model/time.ts';
import { verbWords } from '../model/words.ts';
import { useTill } from '../state/context.ts';

export interface CorrectionsProps {
  /** The newest. */
  readonly corrections: readonly CorrectedEntry[];
  /** How many there are. */
  readonly count: number;
  readonly onMore: () => void;
}

export function Corrections({ corrections, count, onMore }: CorrectionsProps): VNode {
  const list = useRef<HTMLUListElement>(null);
  useSeen(list, corrections);
  const { state } = useTill();
  // What nobody has seen yet is what somebody came to see.
  useEffect(() => {
    if (state.peek().corrections.unseen > 0) list.current?.scrollIntoView();
  }, []);
  return (
    <section class="card" aria-label="Corrected entries">
      <h2>Corrected entries</h2>
      <p>
        These stand as they were done. Something else was settled first, so the books say what it comes to. The office
        sees them too.
      </p>
      <ul class="refusals" ref={list}>
        {corrections.map((entry) => (
          <li key={entry.op} data-op={entry.op}>
            <Correction entry={entry} />
          </li>
        ))}
      </ul>
      {corrections.length < count && (
        <button type="button" class="button" onClick={onMore}>
          Show older ones
        </button>
      )}
    </section>
  );
}

/** Tells the till which of them stood in the window. What is further down was seen by nobody yet. */
function useSeen(list: { readonly current: HTMLUListElement | null }, corrections: readonly CorrectedEntry[]): void {
  const till = useTill();
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      const shown = entries.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target);
      for (const target of shown) observer.unobserve(target);
      const ops = shown.flatMap((target) => (target instanceof HTMLElement ? [target.dataset['op'] ?? ''] : []));
      if (ops.length > 0) void till.engine.seeCorrections(ops);
    });
    for (const item of list.current?.children ?? []) observer.observe(item);
    return () => observer.disconnect();
  }, [corrections.map(({ op }) => op).join(' ')]);
}

function Correction({ entry }: { readonly entry: CorrectedEntry }): VNode {
  const { op, verb, codes, document, at, totalMinor, currency, lines, owed } = entry;
  return (
    <>
      <strong>{document === '' ? verbWords(verb) : document}</strong>
      {at !== undefined && `, ${dateTimeText(at)}`}
      {totalMinor !== undefined && `, ${formatMoney(totalMinor, currency)}`}
      {lines.length > 0 && <small>: {lines.join(', ')}</small>}
      {owed.map((one) => (
        <p key={`${one.kind} ${one.currency}`}>
          <strong>{owedText(one)}</strong>
        </p>
      ))}
      {codes.map((code) => {
        const { why, remedy } = correctionWords(code);
        return (
          <p key={code}>
            {why} <small>{remedy}</small>
          </p>
        );
      })}
      <small>{op}</small>
    </>
  );
}

/** As a seller is told it. */
export function owedText({ kind, who, amountMinor, currency }: Owed): string {
  const amount = formatMoney(Math.abs(amountMinor), currency);
  const customer = who === '' ? 'The customer' : `Customer ${who}`;
  switch (kind) {
    case 'seller':
      return `Whoever works at ${who === '' ? 'this till' : who} owes ${amount}.`;
    case 'customer':
      return `${customer} owes ${amount}.`;
    case 'credit':
      return `${customer} is owed ${amount}.`;
    case 'goods':
      return `${customer} is owed goods worth ${amount}.`;
    case 'shop':
      return `The shop bears ${amount}.`;
    case 'suspense':
      return `${amount} wait on suspense until the office books them.`;
  }
}
