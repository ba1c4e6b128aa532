/** The ledger's own verbs: opening an account, and posting an entry by hand. */
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import { post } from './post.ts';
import { type AccountOpenArgs, accountOpenArgs, type JournalPostArgs, journalPostArgs } from './schema.ts';
import { accounts, ledgerTables } from './tables.ts';

/** Opens an account in `hq`, or renames one. A kind never changes, or past statements would change with it. */
export const accountOpen: Verb<'account.open', AccountOpenArgs> = defineVerb({
  name: 'account.open',
  version: 1,
  roles: ['owner', 'manager'],
  tables: [accounts],
  args: accountOpenArgs,
  plan: (view, op, { account, kind, name }) => {
    if (op.scope !== 'hq') return refuse('ledger/hq-only', { scope: op.scope });
    const before = view.get(accounts, { account });
    if (before !== undefined && before.kind !== kind)
      return refuse('ledger/account-kind', { account, kind: before.kind });
    return [accounts.write({ account, kind, name })];
  },
});

/** Posts one entry; its lines balance per currency and at least one of them is not zero. */
export const journalPost: Verb<'journal.post', JournalPostArgs> = defineVerb({
  name: 'journal.post',
  version: 1,
  roles: ['owner', 'manager'],
  tables: ledgerTables,
  args: journalPostArgs,
  plan: (view, op, args) => {
    const effects = post(view, op, args);
    if ('code' in effects) return effects;
    return effects.length > 0 ? effects : refuse('ledger/empty-entry');
  },
});

export const ledgerVerbs: readonly [typeof accountOpen, typeof journalPost] = [accountOpen, journalPost];
