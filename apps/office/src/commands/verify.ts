// `tally verify`: checks the stored log without folding it.
import type { Command } from '../command.ts';
import { grouped } from '../progress.ts';
import { readingCommand } from './reading.ts';

export const verify: Command = readingCommand({
  name: 'verify',
  summary: 'Check the stored log: text, hashes, links, signatures, Merkle roots.',
  options: { every: { type: 'boolean', help: "check each op's own signature instead of one a run" } },
  async answer(book, context) {
    const every = context.flag('every');
    const startedMs = performance.now();
    const { ok, ops, signatures, covered, problems } = await book.verify({ every });
    const seconds = Math.round(performance.now() - startedMs) / 1000;
    return {
      status: ok ? 0 : 1,
      json: { ok, ops, signatures, covered: covered.length, seconds, problems },
      lines: [
        ...problems.map(
          (problem) =>
            `${problem.scope} position ${problem.position ?? 'none'}: op ${problem.hash}: ${problem.code}: ${problem.message}`,
        ),
        `${ok ? 'verified' : 'FAILED'}: ${grouped(ops)} ops, ${grouped(signatures)} signatures${every ? `, ${grouped(covered.length)} covered by a later one of their run only` : ''} in ${seconds} s`,
      ],
    };
  },
});
