// The office's database after the history in which every verb has effect. What the shop made by hand does not do, this one did.
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { liveEveryVerb } from '@tallystick/testkit';
import { mkdirSync } from 'node:fs';
import { keysFolder } from '../src/book.ts';
import { type Home, homeAt } from '../src/home.ts';

/** Lives the history in `root`, its office there and the others in memory, and closes everything. */
export async function makeWholeHistory(root: string): Promise<Home> {
  const home = homeAt(root);
  const { officeFile } = home;
  mkdirSync(keysFolder(officeFile), { recursive: true });
  const office = () => nodeStore(officeFile, { keysDir: keysFolder(officeFile) });
  const store = (member: number) => (member === 0 ? office() : nodeStore(':memory:'));
  const fleet = await liveEveryVerb({ seed: 1, crypto: nodeCrypto, steps: 20, store });
  await fleet.close();
  return home;
}
