// `tally refill`: hands a relay that lost ops what this device knows the places of.
import { type Command, dataOption, usage } from '../command.ts';
import { homeAt, readSettings } from '../home.ts';
import { grouped } from '../progress.ts';
import { refillRelayFrom, type Refilled } from '../refill.ts';
import { openRelay } from '../relay.ts';
import { requireData } from './init.ts';
import { withBook } from './reading.ts';
import { parseRelayUrl } from './trade.ts';

export const refill: Command = {
  name: 'refill',
  summary: 'Fill a relay that lost ops again, each at the place that it once signed for it.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: { data: dataOption, relay: { type: 'string', value: 'URL', help: 'where the relay is now, for this once' } },
  notes:
    'Only what has a place is handed in, so nothing new comes between. The exit status is 1 where places are missing that another device must fill first.',
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'refill', context.path));
    const url = context.text('relay');
    const settings = readSettings(home)?.relay ?? { kind: 'none' };
    const relay = await openRelay(
      home,
      url === undefined ? settings : { kind: 'url', url: parseRelayUrl(url, 'refill') },
    );
    if (relay === undefined) throw usage('--relay URL is missing: this directory has followed none yet', 'refill');
    try {
      const logs = await withBook(home, (book) => refillRelayFrom(book, relay.client));
      const isWhole = logs.every(({ verdict, known }) => verdict === undefined && known === undefined);
      if (context.json) context.print(JSON.stringify({ logs, ok: isWhole }));
      else for (const log of logs) context.print(wordsOf(log));
      return isWhole ? 0 : 1;
    } finally {
      await relay.close();
    }
  },
};

function wordsOf({ scope, size, taken, verdict, known }: Refilled): string {
  const refused = verdict === undefined ? '' : `; it does not take the next one: ${verdict}`;
  const missing =
    known === undefined ? '' : `; the next that this device knows belongs at ${known}, so another one goes first`;
  return `${scope}: ${grouped(taken)} ops filled in, the relay has ${grouped(size)}${refused}${missing}`;
}
