// `tally asides`: records that came with a file or a sync and could not be taken yet, or at all, and their dismissal. They are this replica's
// alone: dismissing one says nothing to others, and a copy of it can come again.
import { openRecord } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import type { Aside } from '@tallystick/oplog';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { listDevices } from '../device-text.ts';
import { changingCommand } from './changing.ts';
import { renderTable } from './table.ts';

const shownHash = 12;
const shortestHash = 6;

interface AsideRow {
  readonly hash: Aside['hash'];
  readonly scope: string;
  readonly device: string;
  /** Its name, or '' where the book does not know it. */
  readonly name: string;
  readonly seq: number;
  readonly verb: string;
  readonly code: string;
  readonly message: string;
  readonly copies: number;
}

export const asides: Command = changingCommand({
  name: 'asides',
  summary: 'List records that were set aside here, and why; or dismiss them, some or all.',
  operands: '[OP...]',
  minOperands: 0,
  maxOperands: 1_000,
  options: { dismiss: { type: 'boolean', help: 'forget these, or all of them where no OP is given' } },
  notes:
    'OP is a hash as listed, or its first six or more digits. What lacks another op is taken in by itself when that comes.',
  changes: () => false,
  async change(book, context) {
    const rows = chooseRows(await listAsides(book), context);
    if (!context.flag('dismiss')) return { json: { book: book.id, asides: rows }, lines: shown(rows) };
    const dismissed = await book.dismissAsides(rows.map(({ hash }) => hash));
    return { json: { dismissed }, lines: [`${dismissed} ops dismissed`] };
  },
});

async function listAsides(book: ShopBook): Promise<AsideRow[]> {
  const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
  const rows = new Map<string, AsideRow>();
  for (const { hash, scope, code, message, bytes } of await book.log.asides()) {
    const opened = openRecord(bytes, nodeHasher);
    const { device = '', seq = 0, verb = '' } = opened.ok ? opened.value.op : {};
    const copies = (rows.get(hash)?.copies ?? 0) + 1;
    rows.set(hash, { hash, scope, device, name: names.get(device) ?? '', seq, verb, code, message, copies });
  }
  return [...rows.values()];
}

function chooseRows(rows: readonly AsideRow[], context: CommandContext): readonly AsideRow[] {
  if (context.positionals.length === 0) return rows;
  return context.positionals.map((text) => {
    const found = rows.filter(({ hash }) => text.length >= shortestHash && hash.startsWith(text));
    if (found.length !== 1) throw usage(`${JSON.stringify(text)} is not one op that is set aside`, 'asides');
    return found[0] as AsideRow;
  });
}

function shown(rows: readonly AsideRow[]): string[] {
  if (rows.length === 0) return ['Nothing is set aside.'];
  const cells = rows.map(({ hash, name, device, scope, seq, verb, code, message, copies }) => [
    hash.slice(0, shownHash),
    name === '' ? device.slice(0, shownHash) : name,
    scope,
    String(seq),
    verb,
    String(copies),
    `${code}: ${message}`,
  ]);
  return renderTable(['Op', 'Written by', 'Scope', '>Seq', 'What', '>Copies', 'Why'], cells);
}
