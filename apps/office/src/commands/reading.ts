// What the commands that only read have in common: the directory's lock, its book, and one answer.
import { openReader, type ShopBook } from '../book.ts';
import { type Command, type CommandContext, type CommandOption, dataOption } from '../command.ts';
import { type Home, homeAt, takeHome } from '../home.ts';
import { requireData } from './init.ts';

/** An answer in both forms, and the exit status. */
export interface Answer {
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
  readonly status: number;
}

interface Reading {
  readonly name: string;
  readonly summary: string;
  /** What it asks about; '' or left out for the book as a whole. */
  readonly operands?: string;
  /** How many operands there may be; when left out, as many as `operands` shows: none or one. */
  readonly operandCounts?: { readonly min: number; readonly max: number };
  readonly notes?: string;
  readonly options?: Readonly<Record<string, CommandOption>>;
  answer(book: ShopBook, context: CommandContext, home: Home): Promise<Answer>;
}

/** A command that opens the book of a data directory, asks it something and prints the answer. */
export function readingCommand(reading: Reading): Command {
  const { name, summary, operands = '', notes } = reading;
  const count = operands === '' ? 0 : 1;
  const { min, max } = reading.operandCounts ?? { min: count, max: count };
  return {
    name,
    summary,
    operands,
    minOperands: min,
    maxOperands: max,
    options: { data: dataOption, ...reading.options },
    ...(notes === undefined ? {} : { notes }),
    async run(context) {
      const home = homeAt(requireData(context.text('data'), name, context.path));
      return withBook(home, async (book) => {
        const { json, lines, status } = await reading.answer(book, context, home);
        for (const line of context.json ? [JSON.stringify(json)] : lines) context.print(line);
        return status;
      });
    },
  };
}

/** Runs work with a directory's book, alone in the directory. */
export async function withBook<T>(home: Home, work: (book: ShopBook) => Promise<T>): Promise<T> {
  const lock = takeHome(home);
  try {
    const book = await openReader(home);
    try {
      return await work(book);
    } finally {
      await book.close();
    }
  } finally {
    lock.release();
  }
}
