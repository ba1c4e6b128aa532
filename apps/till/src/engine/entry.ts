// Writing what a seller enters, so that the answer is never wrong about whether it was saved. Every entry can be found again in
// the book, so asking twice writes once; where a write fails half-way the book is folded anew from its log, and that decides.
import type { Commit } from '@tallystick/kernel';
import { asideUnread } from './aside-unread.ts';
import { codeOf, messageOf } from './link.ts';
import type { OpenShop } from './open-shop.ts';
import { outcomeUnknown, type Outcome, type Saved } from './port.ts';
import { mustReachRelay } from './torn-log.ts';

export interface Failed {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
}

/** The op that an entry became. */
export interface Found {
  readonly ok: true;
  readonly id: string;
}

export interface Entry<Request, Shown> {
  /** What the book has of this request: its op, a reason why it can have none any more, or nothing yet. */
  find(shop: OpenShop, request: Request): Found | Failed | undefined;
  write(shop: OpenShop, request: Request): Promise<Commit | Found | Failed>;
  /** Of an entry of several ops: what is said where the book has the first of them, and not all. */
  begun?(shop: OpenShop, request: Request): Failed | undefined;
  /** What the screen shows of it. */
  show(shop: OpenShop, id: string, request: Request): Shown | undefined;
}

const notSaved: Failed = { ok: false, code: 'till/not-saved', message: 'The book does not have it.' };
const unanchored: Failed = { ok: false, code: 'kernel/unanchored', message: 'The end of the log is missing here.' };
const unread: Failed = { ok: false, code: 'till/aside-unread', message: 'The old log is not read in.' };

/** Writes the entry unless the book has it. `openAgain` folds the book anew from what is on the disk. */
export async function enter<Request, Shown>(
  entry: Entry<Request, Shown>,
  request: Request,
  shop: OpenShop,
  openAgain: () => Promise<OpenShop>,
): Promise<Outcome<Saved<Shown>>> {
  try {
    const done = entry.find(shop, request) ?? (await write(entry, request, shop));
    return done.ok ? saved(entry, request, shop, done.id) : done;
  } catch (fault) {
    return settle(entry, request, fault, openAgain);
  }
}

/** What became of an entry whose answer was lost: saved, not saved, or not to be known now. Writes nothing. */
export function lookUp<Request, Shown>(
  entry: Entry<Request, Shown>,
  request: Request,
  shop: OpenShop,
): Outcome<Saved<Shown>> {
  try {
    const found = entry.find(shop, request);
    if (found === undefined) return entry.begun?.(shop, request) ?? notSaved;
    return found.ok ? saved(entry, request, shop, found.id) : found;
  } catch (error) {
    return unknown(error);
  }
}

async function write<Request, Shown>(
  entry: Entry<Request, Shown>,
  request: Request,
  shop: OpenShop,
): Promise<Found | Failed> {
  if (shop.sync !== undefined && mustReachRelay(shop.log)) return unanchored;
  if (asideUnread(shop.log, shop.book.device) !== undefined) return unread;
  const done = await entry.write(shop, request);
  return done.ok || 'message' in done ? done : refusal(done.code, done.details);
}

/** Whether a write that threw left its op in the log is seen there and nowhere else. */
async function settle<Request, Shown>(
  entry: Entry<Request, Shown>,
  request: Request,
  fault: unknown,
  openAgain: () => Promise<OpenShop>,
): Promise<Outcome<Saved<Shown>>> {
  try {
    const answer = lookUp(entry, request, await openAgain());
    return !answer.ok && answer.code === 'till/not-saved' ? { ok: false, ...faultOf(fault) } : answer;
  } catch (error) {
    return unknown(error);
  }
}

/** From here on nothing may be called a failure: it is on the disk, whether or not it can be shown. */
function saved<Request, Shown>(
  entry: Entry<Request, Shown>,
  request: Request,
  shop: OpenShop,
  id: string,
): Outcome<Saved<Shown>> {
  try {
    return { ok: true, value: { id, shown: entry.show(shop, id, request) } };
  } catch {
    return { ok: true, value: { id, shown: undefined } };
  }
}

export function unknown(error: unknown): Failed {
  return { ok: false, code: outcomeUnknown, message: messageOf(error) };
}

/** An exception where nothing was saved: the storage failed, or the program did. */
export function faultOf(error: unknown): { readonly code: string; readonly message: string } {
  const code = codeOf(error);
  const isStorage = code.startsWith('store/') || code === 'kernel/storage' || error instanceof DOMException;
  return { code: isStorage ? 'till/storage' : 'till/failed', message: messageOf(error) };
}

function refusal(code: string, details: Readonly<Record<string, string | number>>): Failed {
  const facts = Object.entries(details).map(([name, value]) => `${name} ${value}`);
  const why = facts.length === 0 ? code : `${code}: ${facts.join(', ')}`;
  return { ok: false, code, message: `The book refused it (${why}).` };
}
