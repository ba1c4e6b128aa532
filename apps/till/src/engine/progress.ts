// How far the ops without a position have come: read from the book after an exchange, and kept by hand between two, so that
// a sale late in a day without a network costs what the first one did.
import type { Stage } from './port.ts';
import type { TillBook } from './till-book.ts';

export interface Progress {
  /** How far an op has come; one that is not pending is settled. */
  stageOf(id: string): Exclude<Stage, 'syncing'>;
  /** Ops that no relay has answered for. */
  readonly unsent: number;
  /** This device wrote the op, or found that it had. */
  wrote(id: string): void;
  /** Anything may have changed: an exchange, an import. */
  refresh(): void;
}

export function createProgress(book: Pick<TillBook, 'pendingOps' | 'status'>): Progress {
  const stageById = new Map<string, 'local' | 'durable'>();
  let unsent = 0;
  let pending = 0;

  function refresh(): void {
    stageById.clear();
    const ops = book.pendingOps();
    for (const { id, stage } of ops) stageById.set(id, stage);
    pending = ops.length;
    unsent = ops.filter((op) => op.stage === 'local').length;
  }

  refresh();
  return {
    stageOf: (id) => stageById.get(id) ?? 'settled',
    get unsent() {
      return unsent;
    },
    wrote(id) {
      const now = book.status().scopes.reduce((sum, scope) => sum + scope.pending, 0);
      if (now > pending && !stageById.has(id)) stageById.set(id, 'local');
      unsent += Math.max(0, now - pending);
      pending = now;
    },
    refresh,
  };
}
