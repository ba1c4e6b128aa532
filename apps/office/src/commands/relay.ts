// `tally relay appoint`: the book goes on at another relay, which is filled from here first.
import { RelayError } from '@tallystick/relay-protocol';
import { openReader, type ShopBook } from '../book.ts';
import { type Command, type CommandContext, dataOption, usage } from '../command.ts';
import { messageOf, OfficeError } from '../errors.ts';
import { exchange } from '../follow-relay.ts';
import { homeAt, readSettings, settingsOf, takeHome, writeSettings } from '../home.ts';
import { grouped } from '../progress.ts';
import { hq } from '../rebuild.ts';
import { refillRelayFrom } from '../refill.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { openRelay, type OpenRelay } from '../relay.ts';
import { requireData } from './init.ts';
import { parseRelayUrl } from './trade.ts';

export const relay: Command = {
  name: 'relay',
  summary: 'Appoint another relay for the book: it is filled from here, and devices go over when they hear of it.',
  operands: 'appoint URL',
  minOperands: 2,
  maxOperands: 2,
  options: {
    data: dataOption,
    anew: { type: 'boolean', help: 'the same relay once more, which lost what nobody has any more' },
  },
  notes:
    'Only owners appoint. The relay at URL has nothing of the book yet, or what was filled in from this book. Asked again after it was interrupted, it goes on where it was.',
  async run(context) {
    const [what, text = ''] = context.positionals;
    if (what !== 'appoint') throw usage(`unknown action ${JSON.stringify(what)}`, 'relay');
    const url = parseRelayUrl(text, 'relay');
    const home = homeAt(requireData(context.text('data'), 'relay', context.path));
    const lock = takeHome(home);
    try {
      const book = await openReader(home);
      try {
        const settings = readSettings(home) ?? settingsOf(book);
        const next = await openRelay(home, { kind: 'url', url });
        if (next === undefined) throw new OfficeError('office/relay', `${url}: no relay answers there`);
        const before = await openRelay(home, settings.relay).catch(() => undefined);
        const answering = await before?.client.info().catch(() => undefined);
        // At the address that is remembered the new one may answer by now.
        const old = answering?.vkey === book.status().relayKey ? before : undefined;
        try {
          await appoint(book, { url, next, before: old }, context);
        } finally {
          await before?.close();
          await next.close();
        }
        writeSettings(home, { ...settings, book: book.id, relay: { kind: 'url', url } });
        return 0;
      } finally {
        await book.close();
      }
    } finally {
      lock.release();
    }
  },
};

interface Relays {
  readonly url: string;
  readonly next: OpenRelay;
  readonly before: OpenRelay | undefined;
}

async function appoint(book: ShopBook, { url, next, before }: Relays, context: CommandContext): Promise<void> {
  const { vkey } = await next.client.info();
  const asked = await isAppointed(book, vkey);
  if (asked === 'in force' && !context.flag('anew'))
    throw new OfficeError('office/relay', `this book follows the relay at ${url} already`);
  // What it has that is not here yet keeps its place so. It may be gone, which is why another one is wanted.
  if (asked === 'no' && before !== undefined) await unlessGone(() => exchange(book, before.client), context);
  const logs = await refillRelayFrom(book, next.client, vkey);
  const stuck = logs.find(({ verdict }) => verdict !== undefined);
  if (stuck !== undefined)
    throw new OfficeError('office/relay', `the relay at ${url} does not take ${stuck.scope}: ${stuck.verdict}`);
  if (asked !== 'waiting') mustBeCommitted(await book.appointRelay({ vkey, address: url }));
  // From here on it gives no positions, if it is there.
  const told =
    before !== undefined &&
    (await unlessGone(async () => before.client.push(book.id, hq, await book.log.pending(hq)), context));
  await exchange(book, next.client);
  const { relayEpoch, relayKey } = book.status();
  const ops = logs.reduce((sum, { size }) => sum + size, 0);
  context.print(
    context.json
      ? JSON.stringify({ relay: relayKey, epoch: relayEpoch, ops, told })
      : `${grouped(ops)} ops are at the new relay; the book follows it in epoch ${relayEpoch}${told ? '' : '; the old relay has not heard of it'}`,
  );
}

/** Whether the book follows this relay, or the op that says so waits here for the relay. */
async function isAppointed(book: ShopBook, vkey: string): Promise<'in force' | 'waiting' | 'no'> {
  const pending = await book.log.pending(hq);
  if (pending.some(({ op }) => op.verb === 'relay.appoint@1' && op.args['relay'] === vkey)) return 'waiting';
  return book.status().relayKey === vkey ? 'in force' : 'no';
}

async function unlessGone(work: () => Promise<unknown>, { progress }: CommandContext): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const isGone = error instanceof RelayError && ['relay/unreachable', 'relay/retired'].includes(error.code);
    if (!isGone) progress.say(`the old relay: ${messageOf(error)}`);
    return isGone && error.code === 'relay/retired';
  }
}
