// `tally quarantine`, `tally recover`, `tally dismiss`: work without effect because of who wrote it, and what a person decides about it.
import type { QuarantinedOp } from '@tallystick/kernel';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { findDevice, listDevices } from '../device-text.ts';
import { mustBeCommitted, refusalWords } from '../refusal-words.ts';
import { changingCommand } from './changing.ts';
import { readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const shownHash = 12;
const shortestHash = 6;

export const quarantine: Command = readingCommand({
  name: 'quarantine',
  summary: 'List work that waits for a person: written by a revoked, expired or copied device.',
  async answer(book) {
    const { waiting, lines } = listWaiting(book, book.quarantine());
    return { status: 0, json: { book: book.id, waiting }, lines };
  },
});

/** The same with the names of their devices, and as people read it. */
export function listWaiting(
  book: ShopBook,
  ops: readonly QuarantinedOp[],
): { readonly waiting: readonly (QuarantinedOp & { readonly name: string })[]; readonly lines: readonly string[] } {
  const names = new Map(listDevices(book).map(({ device, name }): [string, string] => [device, name]));
  const waiting = ops.map((op) => ({ ...op, name: names.get(op.device) ?? '' }));
  const rows = waiting.map(({ hash, name, device, at, verb, code }) => [
    hash.slice(0, shownHash),
    name === '' ? device.slice(0, shownHash) : name,
    new Date(at).toISOString(),
    verb,
    code,
  ]);
  const lines =
    rows.length === 0 ? ['Nothing waits.'] : renderTable(['Op', 'Written by', 'At', 'What', 'Why it waits'], rows);
  return { waiting, lines };
}

const which = {
  device: { type: 'string', value: 'DEVICE', help: 'everything that waits of this device' },
} as const;

export const recover: Command = changingCommand({
  name: 'recover',
  summary: 'Adopt waiting work: each op takes effect here and now, once.',
  operands: '[OP...]',
  minOperands: 0,
  maxOperands: 1_000,
  options: {
    ...which,
    replaced: { type: 'boolean', help: 'everything that waits of the device that this one replaces' },
  },
  notes: 'OP is a hash as tally quarantine lists it, or its first six or more digits.',
  async change(book, context) {
    const ops = context.flag('replaced') ? ofReplaced(book) : chooseOps(book, context, 'recover');
    const commits = await book.commitAll(
      ops.map(({ hash, scope }) => ({ verb: 'device.recover' as const, args: { op: hash }, scope })),
    );
    const refused = commits.flatMap((commit, index) =>
      commit.ok ? [] : [{ op: ops[index]?.hash ?? '', code: commit.code }],
    );
    if (ops.length > 0 && refused.length === ops.length) mustBeCommitted(commits[0]);
    return {
      json: { adopted: ops.length - refused.length, refused },
      lines: [
        `${ops.length - refused.length} ops adopted`,
        ...refused.map(({ op, code }) => `${op.slice(0, shownHash)} waits on: ${refusalWords(code)}`),
      ],
    };
  },
});

export const dismiss: Command = changingCommand({
  name: 'dismiss',
  summary: 'Say that waiting work will never have effect.',
  operands: '[OP...]',
  minOperands: 0,
  maxOperands: 1_000,
  options: { ...which, reason: { type: 'string', value: 'TEXT', help: 'what people should know about it' } },
  async change(book, context) {
    const reason = context.text('reason')?.trim() ?? '';
    if (reason === '' || reason.length > 200)
      throw usage('--reason TEXT is missing or longer than 200 characters', 'dismiss');
    const ops = chooseOps(book, context, 'dismiss');
    const commits = await book.commitAll(
      ops.map(({ hash, scope }) => ({ verb: 'device.dismiss' as const, args: { op: hash, reason }, scope })),
    );
    for (const commit of commits) mustBeCommitted(commit);
    return { json: { dismissed: ops.length }, lines: [`${ops.length} ops dismissed`] };
  },
});

function chooseOps(book: ShopBook, context: CommandContext, command: string): readonly QuarantinedOp[] {
  const waiting = book.quarantine();
  const name = context.text('device');
  const given = context.positionals;
  if ((name === undefined) === (given.length === 0)) throw usage('give either OP or --device DEVICE', command);
  if (name !== undefined) {
    const { device } = findDevice(book, name);
    return waiting.filter((op) => op.device === device);
  }
  return given.map((text) => {
    const found = waiting.filter(({ hash }) => text.length >= shortestHash && hash.startsWith(text));
    if (found.length !== 1)
      throw usage(`${JSON.stringify(text)} is not one op that waits (see: tally quarantine)`, command);
    return found[0] as QuarantinedOp;
  });
}

/** What waits of the device that this one replaces. */
export function ofReplaced(book: ShopBook): readonly QuarantinedOp[] {
  const own = listDevices(book).find(({ device }) => device === book.device);
  return book.quarantine().filter(({ device }) => device === own?.replaces);
}
