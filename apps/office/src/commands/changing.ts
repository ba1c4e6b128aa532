// What the commands have in common that write to the book: the directory's lock, its book, and one exchange with the relay at the end.
import type { CommandOption } from '../command.ts';
import { type Command, type CommandContext, dataOption } from '../command.ts';
import type { ShopBook } from '../book.ts';
import { type Home, homeAt, readSettings } from '../home.ts';
import { openRelay } from '../relay.ts';
import { requireData } from './init.ts';
import { withBook } from './reading.ts';
import { messageOf } from '../errors.ts';

/** What was done, in both forms. */
export interface Done {
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
  /** Of the process; 0 when left out. */
  readonly status?: number;
}

interface Changing {
  readonly name: string;
  readonly summary: string;
  readonly operands: string;
  readonly minOperands: number;
  readonly maxOperands: number;
  readonly notes?: string;
  readonly options?: Readonly<Record<string, CommandOption>>;
  /** False where the words given only ask: then nothing is exchanged. */
  changes?(context: CommandContext): boolean;
  change(book: ShopBook, context: CommandContext, home: Home): Promise<Done>;
}

/** A command that writes to the book of a data directory. What it wrote stays when the relay cannot be reached. */
export function changingCommand(changing: Changing): Command {
  const { name, summary, operands, minOperands, maxOperands, notes } = changing;
  return {
    name,
    summary,
    operands,
    minOperands,
    maxOperands,
    options: { data: dataOption, ...changing.options },
    ...(notes === undefined ? {} : { notes }),
    async run(context) {
      const home = homeAt(requireData(context.text('data'), name, context.path));
      return withBook(home, async (book) => {
        const { json, lines, status = 0 } = await changing.change(book, context, home);
        const isChange = changing.changes?.(context) ?? true;
        const exchange = isChange ? await exchangeOnce(book, home) : {};
        for (const line of context.json ? [JSON.stringify({ ...json, ...exchange })] : lines) context.print(line);
        if (exchange.synced === false)
          context.progress.say(`the relay was not reached (${exchange.why}); tally sync hands it in`);
        return status;
      });
    },
  };
}

interface Exchange {
  readonly synced?: boolean;
  readonly why?: string;
}

/** One exchange with the relay of the directory, where it has one and that answers. */
export async function exchangeOnce(book: ShopBook, home: Home): Promise<Exchange> {
  try {
    const relay = await openRelay(home, readSettings(home)?.relay ?? { kind: 'none' });
    if (relay === undefined) return {};
    try {
      await book.sync(relay.client);
      return { synced: true };
    } finally {
      await relay.close();
    }
  } catch (error) {
    return { synced: false, why: messageOf(error) };
  }
}
