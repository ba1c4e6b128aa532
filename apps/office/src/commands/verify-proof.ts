// `tally verify-proof`: checks, with no relay and no book, whether a file convicts a relay.
import { parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { type ProofCheck, verifyRelayProof } from '@tallystick/relay-protocol/proof';
import { nodeEd25519 } from '@tallystick/sign/node';
import { readFileSync } from 'node:fs';
import { type Command, type CommandContext, dataOption, usage } from '../command.ts';
import { homeAt } from '../home.ts';
import { findingWords } from '../relay-words.ts';
import { withBook } from './reading.ts';

export const verifyProof: Command = {
  name: 'verify-proof',
  summary: 'Check whether a file proves that a relay broke its word; needs no relay and no network.',
  operands: 'FILE',
  minOperands: 1,
  maxOperands: 1,
  options: {
    relay: { type: 'string', value: 'VKEY', help: "the relay's key as you were given it: name+id+key" },
    data: { ...dataOption, help: 'a directory whose book follows that relay, instead of its key' },
  },
  notes:
    'The key in the file is not believed: whoever made the file could have made a key. The exit status is 0 where the relay is convicted.',
  async run(context) {
    const relay = await pinnedKey(context);
    const text = readFileSync(context.path(context.positionals[0] as string), 'utf8');
    const verify: ProofCheck['verify'] = (key, message, signature) => nodeEd25519.verify(key, message, signature);
    const judged = await verifyRelayProof(text, { relay, verify, hasher: nodeHasher });
    const answer = judged.ok
      ? { convicted: true, ...judged.value, words: findingWords(judged.value) }
      : { convicted: false, code: judged.code, message: judged.message };
    const line = judged.ok
      ? `CONVICTED: ${findingWords(judged.value)}. Signed by ${relay.name}, book ${judged.value.book}.`
      : `not proved: ${judged.code}: ${judged.message}`;
    context.print(context.json ? JSON.stringify(answer) : line);
    return judged.ok ? 0 : 1;
  },
};

async function pinnedKey(context: CommandContext): Promise<ProofCheck['relay']> {
  const [given, data] = [context.text('relay'), context.text('data')];
  if ((given === undefined) === (data === undefined))
    throw usage('one of --relay VKEY and --data DIR is needed', 'verify-proof');
  const followed =
    data === undefined ? given : await withBook(homeAt(context.path(data)), async (book) => book.status().relayKey);
  if (followed === undefined) throw usage('the book of that directory has followed no relay yet', 'verify-proof');
  const key = parseVerifierKey(followed, nodeHasher);
  if (key.ok) return key.value;
  throw usage(`${JSON.stringify(followed)} is not the key of a relay`, 'verify-proof');
}
