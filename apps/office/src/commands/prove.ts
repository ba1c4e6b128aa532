// `tally prove`: the log folded into a fresh database and the live tables scanned, row by row. Works on a copy, so that what
// is examined is not changed by looking at it.
import type { Command } from '../command.ts';
import { grouped } from '../progress.ts';
import { openPlace, placeSettings } from '../backup-settings.ts';
import { dataOption, usage } from '../command.ts';
import { archivedFiles } from '../drop-archived.ts';
import { readIdentity } from '../key-files.ts';
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
    archives: { type: 'string', value: 'PLACE', help: 'where the ops are that went from here (tally archive --drop)' },
    identity: { type: 'string', value: 'FILE', help: 'what opens them' },
  },
  notes: 'Exits 0 only when every table holds exactly what the log says; otherwise names table and row.',
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'prove', context.path));
    const [place, identity] = [context.text('archives'), context.text('identity')];
    if ((place === undefined) !== (identity === undefined))
      throw usage('--archives needs --identity, and the other way', 'prove');
    const lock = lockHome(home);
    try {
      const archives =
        place === undefined || identity === undefined
          ? []
          : await archivedFiles(openPlace(placeSettings(place)), [
              { kind: 'organisation', identity: readIdentity(context.path(identity)) },
            ]);
      const proof = await proveDirectory(home, archives);
      const { ok, ops, signatures, rows, digest, problems } = proof;
      if (context.json) context.print(JSON.stringify(proof));
      else {
        for (const problem of problems.slice(0, shownProblems))
          context.print(`table ${problem.table} row ${problem.row === '' ? '(all)' : problem.row}: ${problem.why}`);
        if (problems.length > shownProblems) context.print(`and ${problems.length - shownProblems} more`);
        context.print(
          ok
            ? `proved: ${grouped(ops)} ops, ${grouped(signatures)} signatures, ${grouped(rows)} rows, digest ${digest}`
            : `NOT proved: ${problems.length} rows are not what they should be`,
        );
      }
      return ok ? 0 : 1;
    } finally {
      lock.release();
    }
  },
};
