// The corrections of this till: what was sold, why it stands otherwise than it was meant, and who owes what for it.
import { correctionWords, type Owed } from '@tallystick/retail/corrections';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { CorrectedEntry } from '../engine/standing.ts';
import { formatMoney } from '../model/money.ts';
import { dateTimeText } from '../model/time.ts';
import { verbWords } from '../model/words.ts';
import { useTill } from '../state/context.ts';

export function Corrections({ corrections }: { readonly corrections: readonly CorrectedEntry[] }): VNode {
  const till = useTill();
  // Being on the screen is being seen.
  useEffect(() => void till.engine.seeCorrections(), [corrections.map(({ op }) => op).join(' ')]);
  return (
    <section class="card" aria-label="Corrected entries">
      <h2>Corrected entries</h2>
      <p>
        These stand as they were done. Something else was settled first, so the books say what it comes to. The office
        sees them too.
      </p>
      <ul class="refusals">
        {corrections.map((entry) => (
          <li key={entry.op}>
            <Correction entry={entry} />
          </li>
        ))}
      </ul>
    </section>
  );
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
