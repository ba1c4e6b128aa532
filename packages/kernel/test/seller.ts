// A child process that sells until it is killed and says what it was told is durable.
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { shopVerbs } from './shop.ts';

const book = await openBook({ store: nodeStore(process.argv[2] as string), verbs: shopVerbs });
for (let count = 1; ; count++) {
  const commit = await book.commit('stock.move', { sku: `sku-${count % 10}`, quantity: 1 });
  if (!commit.ok) throw new Error(commit.code);
  process.send?.(count);
}
