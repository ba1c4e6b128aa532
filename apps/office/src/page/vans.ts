// Settling a van: its count is pasted or scanned, shown as it would be settled, and then settled by a person.
import type { ShownVanCount } from '../web/vans.ts';
import { ask, faultOf, post } from './ask.ts';
import { money, quantity } from './format.ts';

export function askForCount(): void {
  ask({
    title: 'Settle a van',
    text: 'The van’s till writes what was counted under “Drawer”, “Hand over”. Scan its code, or paste its text.',
    fields: [
      { kind: 'text', name: 'text', label: 'The count of the van', rows: 4 },
      { kind: 'text', name: 'seller', label: 'Seller (a staff number)' },
    ],
    confirm: 'Look',
    act: async ({ text = '', seller = '' }) => {
      const read = await post('/api/van-count', { text });
      if (!read.ok) return read.fault;
      askToSettle(read.answer['count'] as ShownVanCount, text, seller);
      return undefined;
    },
  });
}

function askToSettle(count: ShownVanCount, text: string, seller: string): void {
  const { scope, device, day, currency, cashMinor, lines, uncounted } = count;
  const goods = lines.map(({ name, counted, unitScale }) => `${name} ${quantity(counted, unitScale)}`).join(', ');
  const said = [
    `${device === '' ? scope : `${device} (${scope})`}, ${day}, seller ${seller}.`,
    goods === '' ? 'No goods were counted.' : `Counted: ${goods}.`,
    cashMinor === null ? 'No cash was counted.' : `Cash in the drawer: ${money(cashMinor, currency)}.`,
    uncounted.length === 0 ? '' : `Not counted, and so left on board: ${uncounted.join(', ')}.`,
    'What is missing is owed by the seller. Look into the van where you doubt it: this cannot be taken back.',
  ];
  // The dialog that this answers closes first.
  setTimeout(() =>
    ask({
      title: `Settle ${device === '' ? scope : device}`,
      text: said.filter((one) => one !== '').join(' '),
      fields: [],
      confirm: 'Settle',
      act: () => faultOf('/api/acts/settle-van', { text, seller }),
    }),
  );
}
