// `tally prove`: the log folded into a fresh database and the live tables scanned, row by row. Works on a copy, so that what
// is examined is not changed by looking at it.
import type { Command } from '../command.ts';
import { grouped } from '../progress.ts';
import { archiveOptions, askedArchives } from '../archived-log.ts';
import { dataOption } from '../command.ts';
import { homeAt, lockHome } from '../home.ts';
import { proveDirectory } from '../prove.ts';
import { requireData } from './init.ts';

const shownProblems = 20;

export const prove: Command = {
  name: 'prove',
  summary: 'Prove the books: fold the log afresh and compare every row of the database with it.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: {
    data: dataOption,
    ...archiveOptions,
  },
  notes: 'Exits 0 only when every table holds exactly what the log says; otherwise names table and row.',
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'prove', context.path));
    const lock = lockHome(home);
    try {
      const proof = await proveDirectory(home, await askedArchives(context, 'prove'));
      const { ok, ops, signatures, rows, digest, problems } = proof;
      if (context.json) context.print(JSON.stringify(proof));
      else {
        for (const problem of problems.slice(0, shownProblems))
          context.print(`table ${problem.table} row ${problem.row === '' ? '(all)' : problem.row}: ${problem.why}`);
        if (problems.length > shownProblems) context.print(`and ${problems.length - shownProblems} more`);
        context.print(
          ok
            ? `proved: ${grouped(ops)} ops, ${grouped(signatures)} signatures, ${grouped(rows)} rows, digest ${digest}`
            : `NOT proved: ${grouped(problems.length)} ${problems.length === 1 ? 'row is' : 'rows are'} not as the log says`,
        );
      }
      return ok ? 0 : 1;
    } finally {
      lock.release();
    }
  },
};
