// `tally query`: asks the folded tables anything in SQL, and changes nothing.
import { readingCommand } from './reading.ts';
import { renderTable } from './table.ts';
import type { Command } from '../command.ts';

export const queryCommand: Command = readingCommand({
  name: 'query',
  summary: 'Ask the tables of the book in SQL; reading only.',
  operands: 'SQL',
  notes:
    'tally query "SELECT name FROM sqlite_schema WHERE type = \'table\'" lists them. Every table has a column scope.',
  async answer(book, context) {
    const [sql = ''] = context.positionals;
    const rows = book.query(sql);
    const names = Object.keys(rows[0] ?? {});
    const isNumber = (name: string): boolean => rows.every((row) => typeof row[name] === 'number');
    const lines = renderTable(
      names.map((name) => `${isNumber(name) ? '>' : ''}${name}`),
      rows.map((row) => names.map((name) => String(row[name] ?? ''))),
    );
    return { status: 0, json: { book: book.id, rows }, lines: rows.length === 0 ? ['No rows.'] : lines };
  },
});
