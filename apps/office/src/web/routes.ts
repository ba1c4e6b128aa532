// Which request does what at the office, and who may ask for it: its own page for everything that changes something, a till's page for
// joining and for getting its key back.
import { hq, tipOf } from '../rebuild.ts';
import { acts, inWords } from './acts.ts';
import { readDocument } from './corrections.ts';
import { type Handler, HttpRefusal, parseBody, readJson, requireOrigin, sendJson } from './http.ts';
import { answerDeposit, type Deposits } from './deposits.ts';
import { hexSchema, join, type Place, placeSchema } from './join.ts';
import type { LiveFeed } from './live-feed.ts';
import { type LiveState, readLiveState } from './live-state.ts';
import { createPageHandler } from './page-files.ts';
import type { BackupWatch } from '../backup-watch.ts';
import type { PersonFile } from '../person-file.ts';
import type { Place as PersonPlace } from '../places.ts';
import type { Archives, ShownCertificate } from './person-papers.ts';
import type { ShownPerson } from './persons.ts';
import type { RelayLink } from './relay-link.ts';
import type { ShownRetention } from './retention.ts';
import { readVanCount } from './vans.ts';
import { releaseCode, releaseEscrow, requireActive, restore, type RestoreDesk } from './restore.ts';
import { z } from 'zod';

/** Everything the request handlers share. */
export interface Desk extends RestoreDesk {
  readonly link: RelayLink;
  readonly feed: LiveFeed;
  readonly currency: string;
  readonly deposits: Deposits;
  readonly backups: BackupWatch;
  /** Origins a till may join from, and our own. */
  origins(): { readonly own: readonly string[]; readonly tills: readonly string[] };
  invite(lifetimeMs: number, place?: Place): string;
  giveBack(device: string): string;
  readonly persons: {
    /** Those whom `who` of the body names, or the latest. */
    read(body: unknown): Promise<readonly ShownPerson[]>;
    /** What went from here, and where it may be read. */
    archives(): Archives;
    certificate(body: unknown): Promise<ShownCertificate>;
    enter(body: unknown): Promise<void>;
    /** All that the books hold of one, for whoever asks what is known of them. */
    handOut(body: unknown): Promise<PersonFile>;
    places(body: unknown): Promise<readonly PersonPlace[]>;
    retention(): Promise<ShownRetention>;
  };
}

const hourMs = 3_600_000;
const restorationSchema = z.strictObject({ device: hexSchema });

type Answer = (desk: Desk, body: unknown) => unknown;

/** Asked by the office's own page. */
const ownCalls: Readonly<Record<string, Answer>> = {
  '/api/invitations': (desk, body) => ({ link: desk.invite(hourMs, parseBody(placeSchema, body)) }),
  '/api/restorations': (desk, body) => {
    const { device } = requireActive(desk.book, parseBody(restorationSchema, body).device);
    return { link: desk.giveBack(device) };
  },
  '/api/van-count': ({ book }, body) => ({ count: readVanCount(book, body) }),
  '/api/escrow': async (desk, body) => {
    await releaseEscrow(desk, body);
    return {};
  },
  // Asked for in a body: what people type there may be a name, and an address is kept in many places.
  '/api/persons': async ({ persons }, body) => ({
    persons: await inWords(() => persons.read(body)),
    archives: persons.archives(),
  }),
  '/api/retention': async ({ persons }) => ({ ...(await inWords(() => persons.retention())) }),
  '/api/certificate': async ({ persons }, body) => inWords(() => persons.certificate(body)),
  '/api/person-places': async ({ persons }, body) => ({ places: await inWords(() => persons.places(body)) }),
  '/api/acts/person-enter': async ({ link, persons }, body) => {
    await inWords(() => persons.enter(body));
    await link.sync();
    return {};
  },
  '/api/person-file': async ({ link, persons }, body) => {
    const file = await inWords(() => persons.handOut(body));
    await link.sync();
    return file;
  },
  ...Object.fromEntries(
    Object.entries(acts).map(([name, act]): [string, Answer] => [
      `/api/acts/${name}`,
      async ({ book, link }, body) => {
        await act(book, body);
        await link.sync();
        return {};
      },
    ]),
  ),
};

/** Asked by a till's page, which is of another origin. */
const tillCalls: Readonly<Record<string, Answer>> = { '/api/join': join, '/api/restore': restore };

export function createRouter(desk: Desk): Handler {
  const page = createPageHandler();
  return async (request, response, url) => {
    const { method = '' } = request;
    const own = ownCalls[url.pathname];
    const till = tillCalls[url.pathname];
    if (method === 'GET' && url.pathname === '/api/state') return sendJson(response, 200, await stateOf(desk));
    if (method === 'GET' && url.pathname === '/api/document') {
      const [scope, id] = [url.searchParams.get('scope') ?? '', url.searchParams.get('id') ?? ''];
      return sendJson(response, 200, readDocument(desk.book, scope, id));
    }
    if (method === 'GET' && url.pathname === '/api/events') return desk.feed.add(response);
    if (method === 'POST' && own !== undefined) {
      requireOrigin(request, desk.origins().own);
      return sendJson(response, 200, await own(desk, await readJson(request)));
    }
    if (url.pathname.startsWith('/api/deposits/')) return answerDeposit(desk, request, response, url);
    if (till !== undefined && (method === 'POST' || method === 'OPTIONS'))
      return answerTill(desk, till, request, response);
    if (!page(request, response, url)) throw new HttpRefusal(404, 'office/not-found', `${url.pathname} is not here`);
  };
}

async function answerTill(
  desk: Desk,
  answer: Answer,
  request: Parameters<Handler>[0],
  response: Parameters<Handler>[1],
): Promise<void> {
  const { own, tills } = desk.origins();
  const { origin } = request.headers;
  if (origin !== undefined && tills.includes(origin)) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'POST');
    response.setHeader('access-control-allow-headers', 'content-type');
  }
  response.setHeader('vary', 'origin');
  requireOrigin(request, [...own, ...tills]);
  if (request.method === 'OPTIONS') return void response.writeHead(204, { 'access-control-max-age': '600' }).end();
  sendJson(response, 200, await answer(desk, await readJson(request)));
}

async function stateOf(desk: Desk): Promise<LiveState> {
  const { book, link, currency, invitations, waiting } = desk;
  const { size, root } = tipOf(book);
  const { note } = book.log.tip(hq);
  const pending = book.status().scopes.reduce((sum, scope) => sum + scope.pending, 0);
  const asides = (await book.log.asides()).length;
  return readLiveState(book, {
    currency,
    relay: link.health(),
    tip: { scope: 'hq', size, root, note, pending },
    asides,
    backups: desk.backups.shown(),
    openInvitations: invitations.open(),
    waiting: new Map(
      [...waiting].flatMap(([device, { recipient, released }]) =>
        released === '' ? [[device, releaseCode(recipient)] as const] : [],
      ),
    ),
  });
}
