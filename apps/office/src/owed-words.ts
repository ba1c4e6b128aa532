// Who owes what for a correction, in words, for the command line and the page.
import type { Owed } from '@tallystick/retail/corrections';

/** `amount` as it is shown, `who` by the name that people know. */
export function owedWords(
  { kind, amountMinor }: Pick<Owed, 'kind' | 'amountMinor'>,
  amount: string,
  who: string,
): string {
  const customer = who === '' ? 'the customer' : `customer ${who}`;
  switch (kind) {
    case 'seller':
      return `${who} owes ${amount}`;
    case 'customer':
      return `${customer} owes ${amount}`;
    case 'credit':
      return `${amount} is owed to ${customer}`;
    case 'goods':
      return `goods worth ${amount} are owed to ${customer}`;
    case 'shop':
      return `the shop bears ${amount}`;
    case 'suspense':
      return `${amount} ${amountMinor < 0 ? 'too much ' : ''}waits on suspense 1990 until somebody books it`;
  }
}
