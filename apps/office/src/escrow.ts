// The organisation's escrow: to whom the book says that keys are sealed.
import type { ShopBook } from './book.ts';

/** Age recipients, or none where the organisation keeps no escrow. */
export function escrowRecipients(book: ShopBook): readonly string[] {
  const [row] = book.query<{ recipients: string }>(
    "SELECT recipients FROM escrow WHERE scope = 'hq' AND \"of\" = 'book'",
  );
  return row === undefined ? [] : row.recipients.split(' ');
}
