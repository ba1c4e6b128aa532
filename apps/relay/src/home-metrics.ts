// What a relay that follows a home relay tells Prometheus (docs/federation.md): sums over its books, of the moment that somebody asks.
import type { BookLinkStatus, HomeLink } from '@tallystick/relay-protocol/federation';
import { Gauge, type Registry } from 'prom-client';

export function measureHome(link: HomeLink, registers: Registry[]): void {
  const gauge = (name: string, help: string, read: () => Promise<number | undefined>): Gauge =>
    new Gauge({
      name: `tallystick_home_${name}`,
      help,
      registers,
      async collect() {
        const value = await read().catch(() => undefined);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  const books = async (): Promise<readonly BookLinkStatus[]> => (await link.status()).books;
  const sum = async (of: (book: BookLinkStatus) => number): Promise<number> =>
    (await books()).reduce((total, book) => total + of(book), 0);
  gauge('answers', '0 while the home relay is left alone after failures.', async () =>
    (await link.status()).circuit === 'closed' ? 1 : 0,
  );
  gauge('failing_books', 'Books that the home relay fails for or gives no positions any more, while it answers.', () =>
    sum(({ circuit }) => (circuit === 'closed' ? 0 : 1)),
  );
  gauge('reconciler', '1 on the node that deals with the home relay.', async () =>
    (await link.status()).isReconciler ? 1 : 0,
  );
  gauge('gap_ops', 'Ops that the home relay had beyond the copy.', () => sum(({ gapOps }) => gapOps));
  gauge('lag_seconds', 'How long ago the copy had all; of the book for which that is longest.', async () => {
    const lags = (await books()).map(({ lagMs }) => lagMs);
    return lags.includes(undefined) ? undefined : Math.max(0, ...(lags as number[])) / 1000;
  });
  gauge('waiting_ops', 'Ops that are kept and not acknowledged.', () => sum(({ waiting }) => waiting));
  gauge('waiting_bytes', 'Their bytes.', () => sum(({ waitingBytes }) => waitingBytes));
  gauge('waiting_seconds', 'How long the oldest of them has waited.', async () => {
    const oldest = (await books()).map(({ oldestAtMs = Number.POSITIVE_INFINITY }) => oldestAtMs);
    return Math.max(0, ...oldest.map((atMs) => (Number.isFinite(atMs) ? Date.now() - atMs : 0))) / 1000;
  });
  gauge('refused_ops', 'Ops that were kept and that the home relay did not take.', () => sum(({ refused }) => refused));
  gauge('let_go_ops', 'Ops that it had refused and that were let go of since the process began.', () =>
    sum(({ letGo }) => letGo),
  );
  gauge('findings', 'Logs of which the home relay said two things, or that are damaged here.', () =>
    sum(({ findings }) => findings.length),
  );
}
