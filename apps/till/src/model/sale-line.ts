// One line of goods, the same in the cart, in what is asked of the engine and in a document that was saved.
import type { SaleLine as RecordedLine } from '@tallystick/retail';

/** The line of a sale as ops record it, with everything said. `quantity` is in units of 10^-quantityScale. */
export type SaleLine = Required<Omit<RecordedLine, 'at' | 'lot' | 'discountMinor' | 'promotion'>> &
  Pick<RecordedLine, 'lot' | 'discountMinor' | 'promotion'>;
