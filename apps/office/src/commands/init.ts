// `tally init`: opens a new book with its chart of accounts.
import { type Command, dataOption, usage } from '../command.ts';
import { openOrCreateOffice } from '../book.ts';
import { isCurrency } from '../currency.ts';
import { OfficeError } from '../errors.ts';
import { homeAt, readSettings, takeHome, writeSettings } from '../home.ts';
import { hasOffice } from '../trade.ts';

export const init: Command = {
  name: 'init',
  summary: 'Open a new book with a root key, an office device and a chart of accounts.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: {
    data: dataOption,
    name: { type: 'string', value: 'NAME', help: 'name of the book (default Shop)' },
    currency: { type: 'string', value: 'CODE', help: 'ISO 4217 code the shop trades in (default GBP)' },
  },
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'init', context.path));
    const currency = context.text('currency') ?? 'GBP';
    if (!isCurrency(currency))
      throw new OfficeError(
        'office/currency',
        `unknown currency ${JSON.stringify(currency)} (--currency takes an ISO 4217 code)`,
      );
    const lock = takeHome(home);
    try {
      if (hasOffice(home)) throw new OfficeError('office/book-exists', `${home.root}: there is a book here already`);
      const book = await openOrCreateOffice(home, context.text('name') ?? 'Shop');
      writeSettings(home, { version: 1, book: book.id, currency, tills: 0, relay: { kind: 'none' } });
      const result = { book: book.id, device: book.device, data: home.root };
      await book.close();
      context.print(
        context.json
          ? JSON.stringify(result)
          : `book ${result.book}\ndevice ${result.device}\nkept in ${result.data}; whoever has its keys folder is the owner: back it up, show it to nobody`,
      );
      return 0;
    } finally {
      lock.release();
    }
  },
};

/** The data directory: the one that is said, else the folder that the command is given in, where that is one, else that of TALLYSTICK_DATA. */
export function requireData(data: string | undefined, command: string, path: (relative: string) => string): string {
  const usual = data === undefined ? (isDataFolder(path('.')) ? '.' : process.env['TALLYSTICK_DATA']) : data;
  if (usual === undefined || usual === '') throw usage('--data DIR is missing', command);
  return path(usual);
}

function isDataFolder(root: string): boolean {
  return readSettings(homeAt(root)) !== undefined;
}
