// The paths of the HTTP surface (docs/spec/relay.md, "Requests"), read strictly: what is not one of them is no request.
import { type BookId, type DeviceId, parseBookId, parseDeviceId, parseScope, type Scope } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import { protocols } from './protocols.ts';
import { tileWidth } from './tile-path.ts';

interface InLog {
  readonly book: BookId;
  readonly scope: Scope;
}

/** Part of a tile or of an entry bundle: the first `width` of its up to 256 members. */
interface TileRange {
  readonly index: number;
  readonly width: number;
}

/** A scope and a size at which the asker knows the root. */
export interface KnownTip {
  readonly scope: Scope;
  readonly size: number;
}

export interface OfBook {
  readonly book: BookId;
  readonly known: readonly KnownTip[];
}

export type Route =
  | { readonly kind: 'info' }
  | ({ readonly kind: 'scopes' } & OfBook)
  | ({ readonly kind: 'tail' } & OfBook)
  | ({ readonly kind: 'push'; readonly isClaim: boolean; readonly wantsCheckpoint: boolean } & InLog)
  | ({ readonly kind: 'pull'; readonly from: number } & InLog)
  | ({ readonly kind: 'checkpoint'; readonly count: number } & InLog)
  | ({ readonly kind: 'cosign'; readonly device: DeviceId } & InLog)
  | ({ readonly kind: 'standing' } & InLog)
  | ({ readonly kind: 'kept'; readonly after: number } & InLog)
  | ({ readonly kind: 'consistency'; readonly first: number; readonly second: number } & InLog)
  | ({ readonly kind: 'inclusion'; readonly index: number; readonly size: number } & InLog)
  | ({ readonly kind: 'tile'; readonly level: number } & TileRange & InLog)
  | ({ readonly kind: 'entries' } & TileRange & InLog);

/** A note has at most 64 lines of signatures, one of which is the relay's. */
export const maxServedCosignatures = 63;

/** As devices write it; any other way of writing the same is read by `parseRoute`. */
const usualPush = /^\/v1\/books\/([0-9a-f]{64})\/scopes\/((?:[A-Za-z0-9_-]|%2F)+)\/(ops|claims)(\?checkpoint)?$/;
const numberPattern = /^(?:0|[1-9][0-9]{0,14})$/;
const maxTileLevel = 5;

/** `maxKnown` is how many tips may be asked about. Throws `relay/not-found`, `relay/protocol`, `relay/method` or `relay/bad-request`. */
export function parseRoute(method: string, target: URL, maxKnown: number = Number.POSITIVE_INFINITY): Route {
  const [version, ...path] = target.pathname.slice(1).split('/');
  if (version !== 'v1') throw isVersion(version) ? otherProtocol(version) : notFound(target);
  const isRead = method === 'GET';
  if (path.length === 1 && path[0] === 'info') return isRead ? { kind: 'info' } : wrongMethod(method);
  const [books, bookText, scopes, scopeText, ...rest] = path;
  const isTail = scopes === 'tail' && scopeText === undefined;
  if (books !== 'books' || (scopes !== 'scopes' && !isTail)) throw notFound(target);
  const book = parseBookId(bookText);
  if (book === undefined) throw new RelayError('relay/bad-request', 'a book id is 64 lowercase hex digits');
  if (scopeText === undefined) {
    const known = readKnown(target, maxKnown);
    if (!isRead) return wrongMethod(method);
    return isTail ? { kind: 'tail', book, known } : { kind: 'scopes', book, known };
  }
  const scope = parseScope(decodeSegment(scopeText));
  if (scope === undefined) throw new RelayError('relay/bad-request', 'not the name of a scope');
  return routeInLog(method, target, rest, { book, scope });
}

function routeInLog(method: string, target: URL, rest: readonly string[], { book, scope }: InLog): Route {
  const [isRead, isPost] = [method === 'GET', method === 'POST'];
  const name = rest.join('/');
  const wantsCheckpoint = target.searchParams.has('checkpoint');
  if (name === 'ops' && isPost) return { kind: 'push', isClaim: false, wantsCheckpoint, book, scope };
  if (name === 'claims')
    return isPost ? { kind: 'push', isClaim: true, wantsCheckpoint, book, scope } : wrongMethod(method);
  if (name === 'standing') return isPost ? { kind: 'standing', book, scope } : wrongMethod(method);
  const device = rest[0] === 'cosignatures' && rest.length === 2 ? parseDeviceId(rest[1]) : undefined;
  if (device !== undefined) return isPost ? { kind: 'cosign', book, scope, device } : wrongMethod(method);
  const route = readRoute(name, rest, target, { book, scope });
  return isRead ? route : wrongMethod(method);
}

/** Of a POST, by its path and query as they came. Throws what `parseRoute` throws. */
export function parsePush(path: string): Extract<Route, { kind: 'push' }> {
  const [, bookText, scopeText = '', name, query] = usualPush.exec(path) ?? [];
  const [book, scope] = [parseBookId(bookText), parseScope(scopeText.replaceAll('%2F', '/'))];
  if (book !== undefined && scope !== undefined)
    return { kind: 'push', isClaim: name === 'claims', wantsCheckpoint: query !== undefined, book, scope };
  const route = parseRoute('POST', new URL(path, 'http://relay'));
  if (route.kind !== 'push') throw new RelayError('relay/method', 'only a push is handed in');
  return route;
}

/** `known=SIZE:SCOPE`, as often as there are tips to ask about. */
function readKnown(target: URL, maxKnown: number): KnownTip[] {
  const texts = target.searchParams.getAll('known');
  if (texts.length > maxKnown) throw new RelayError('relay/bad-request', `at most ${maxKnown} known tips at a time`);
  return texts.map((text) => {
    const [digits, ...rest] = text.split(':');
    const scope = parseScope(rest.join(':'));
    if (scope === undefined) throw new RelayError('relay/bad-request', 'a known tip is SIZE:SCOPE');
    return { scope, size: parseNumber(digits, 'size of a known tip') };
  });
}

function isVersion(text: string | undefined): text is string {
  return text !== undefined && /^v[1-9][0-9]{0,5}$/.test(text);
}

function otherProtocol(version: string): RelayError {
  const { from, to } = protocols;
  const message = `${version} is not spoken here, but v${from} to v${to}`;
  return new RelayError('relay/protocol', message, { details: { protocols } });
}

function readRoute(name: string, rest: readonly string[], target: URL, log: InLog): Route {
  const query = (key: string): number => parseNumber(target.searchParams.get(key), key);
  if (name === 'ops') return { kind: 'pull', from: query('from'), ...log };
  if (name === 'kept') return { kind: 'kept', after: query('after'), ...log };
  if (name === 'checkpoint') {
    const count = target.searchParams.has('cosigned') ? query('cosigned') : 0;
    if (count > maxServedCosignatures)
      throw new RelayError('relay/bad-request', `a note has at most ${maxServedCosignatures} cosignatures`);
    return { kind: 'checkpoint', count, ...log };
  }
  if (name === 'proof/consistency') {
    return { kind: 'consistency', first: query('first'), second: query('second'), ...log };
  }
  if (name === 'proof/inclusion') return { kind: 'inclusion', index: query('index'), size: query('size'), ...log };
  if (rest[0] !== 'tile' || rest.length < 3) throw notFound(target);
  const range = parseTileRange(rest.slice(2));
  if (range === undefined) throw notFound(target);
  if (rest[1] === 'entries') return { kind: 'entries', ...range, ...log };
  const level = parseNumber(rest[1], 'tile level');
  if (level > maxTileLevel) throw notFound(target);
  return { kind: 'tile', level, ...range, ...log };
}

/** C2SP tlog-tiles: the index in groups of three digits, all but the last behind an "x"; `.p/W` for a partial tile. */
function parseTileRange(segments: readonly string[]): TileRange | undefined {
  const [, path = '', partial] = /^(.*?)(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(segments.join('/')) ?? [];
  const width = Number(partial ?? tileWidth);
  if (!/^(?:x[0-9]{3}\/){0,4}[0-9]{3}$/.test(path) || path.startsWith('x000/')) return undefined;
  if (partial !== undefined && width >= tileWidth) return undefined;
  return { index: Number(path.replaceAll(/[x/]/g, '')), width };
}

function parseNumber(text: string | null | undefined, name: string): number {
  if (typeof text === 'string' && numberPattern.test(text)) return Number(text);
  throw new RelayError('relay/bad-request', `${name} must be a whole number`);
}

function decodeSegment(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function notFound({ pathname }: URL): RelayError {
  return new RelayError('relay/not-found', `nothing is at ${pathname.slice(0, 200)}`);
}

function wrongMethod(method: string): never {
  throw new RelayError('relay/method', `${method.slice(0, 20)} is not possible here`);
}
