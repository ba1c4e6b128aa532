// `tally sync`: one exchange with the relay. A device that was enrolled elsewhere names the book the first time.
import { existsSync } from 'node:fs';
import { keysFolder, openReader, openTill, type ShopBook } from '../book.ts';
import { type Command, type CommandOption, dataOption, usage } from '../command.ts';
import { OfficeError } from '../errors.ts';
import { type Home, homeAt, readSettings, type Settings, settingsOf, takeHome, writeSettings } from '../home.ts';
import { keysFolderOf } from '../key-files.ts';
import { grouped } from '../progress.ts';
import { openRelay } from '../relay.ts';
import { exchange, followRelay } from '../follow-relay.ts';
import { answerShreds } from '../subjects.ts';
import { requireData } from './init.ts';
import { parseRelayUrl } from './trade.ts';

export const bookOption: CommandOption = {
  type: 'string',
  value: 'ID',
  help: 'the book to join, on a device that was enrolled and has nothing yet',
};

export const sync: Command = {
  name: 'sync',
  summary: 'Hand in what the relay does not have and take in what is new there.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: {
    data: dataOption,
    relay: { type: 'string', value: 'URL', help: 'the relay; remembered for the next time' },
    book: bookOption,
  },
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'sync', context.path));
    const lock = takeHome(home);
    try {
      const isNew = readSettings(home) === undefined;
      const settings = settingsFor(home, context.text('relay'), context.text('book'));
      if (settings.relay.kind === 'none')
        throw usage('--relay URL is missing: this directory has followed none yet', 'sync');
      // A wrong address is told before anything is begun.
      if (isNew) await (await openRelay(home, settings.relay))?.close();
      const book = await openFor(home, settings, 'sync');
      const { report, relay, followed } = await followRelay(book, home, settings.relay).catch(
        async (error: unknown) => {
          await book.close();
          throw error;
        },
      );
      try {
        const { pushed, settled, notTaken, kept = 0 } = report;
        const { currency } = isNew ? settingsOf(book) : settings;
        writeSettings(home, { ...settings, currency, book: book.id, relay: followed });
        const { role, scopes } = book.status();
        // Who is to be forgotten is forgotten in this contact, and said so.
        if (role !== undefined && (await answerShreds(book, home))) await exchange(book, relay.client);
        const copied = scopes.some(({ forked }) => forked);
        const json = { book: book.id, pushed, settled, notTaken: notTaken.length, kept, role: role ?? '', copied };
        const near = kept === 0 ? '' : `, ${grouped(kept)} kept near by until the home relay answers`;
        const waiting = role === undefined ? '\nthis device is not enrolled in the book yet' : '';
        context.print(
          context.json
            ? JSON.stringify(json)
            : `${grouped(pushed)} ops handed in, ${grouped(settled)} settled${near}${waiting}`,
        );
        if (copied)
          context.progress.say(
            'this device was copied, and what it writes waits for a person: go on as a new device (tally renew)',
          );
        for (const result of notTaken)
          context.progress.say(`the relay does not take op ${result.hash}: ${result.verdict}`);
        return notTaken.length === 0 ? 0 : 1;
      } finally {
        await book.close();
        await relay.close();
      }
    } finally {
      lock.release();
    }
  },
};

/** What the directory remembers, with what was said now. */
export function settingsFor(home: Home, relayText: string | undefined, book: string | undefined): Settings {
  const known = readSettings(home) ?? settingsOf(undefined);
  const relay: Settings['relay'] =
    relayText === undefined ? known.relay : { kind: 'url', url: parseRelayUrl(relayText, 'sync') };
  if (known.relay.kind === 'embedded' && relay.kind !== 'embedded') {
    throw new OfficeError('office/settings', `${home.root} follows its embedded relay; its log cannot move to another`);
  }
  if (book !== undefined && known.book !== undefined && known.book !== book) {
    throw new OfficeError('office/settings', `${home.root} holds book ${known.book}, not ${book}`);
  }
  return { ...known, relay, ...(book === undefined ? {} : { book }) };
}

/** The book of the directory, or an empty replica of the one to join. */
export function openFor(home: Home, settings: Settings, command: string): Promise<ShopBook> {
  if (existsSync(home.officeFile) || existsSync(home.deviceFile)) return openReader(home);
  if (settings.book === undefined) throw usage('--book ID is missing: this directory holds no book yet', command);
  // An office whose keys were put back is an office again.
  const isOffice = keysFolderOf(home) === keysFolder(home.officeFile);
  return openTill(isOffice ? home.officeFile : home.deviceFile, settings.book);
}
