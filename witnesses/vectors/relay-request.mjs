// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Requests", "Handshake" and "Tail", read once more: which requests there are, which version is spoken, what a tail tells.
import { fits, isHash, isObject, outcome, refuse } from './bytes.mjs';
import { rules } from './op.mjs';

const isNumber = fits(/^(0|[1-9][0-9]{0,14})$/);
const number = (text) => (isNumber(text) ? Number(text) : refuse('relay/bad-request'));
const scopeOf = (text) => (rules.scope(text) ? text : refuse('relay/bad-request'));

/** `%2F` and the like; undefined for half of one. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
/** The values of each parameter, in order. */
function parametersOf(query = '') {
  const parts = query.split('&').map((part) => part.split(/=(.*)/s));
  return (name) => parts.filter(([key]) => decoded(key) === name).map(([, value = '']) => decoded(value) ?? '');
}
function tip(text) {
  const [, size, scope] = /^([^:]*):(.*)$/s.exec(text) ?? refuse('relay/bad-request');
  return { scope: scopeOf(scope), size: number(size) };
}
/** Groups of three digits with an x before all but the last, the first not zeros where there are several. */
function tilePlace(path) {
  const [, groups, last, , width = '256'] =
    /^((?:x[0-9]{3}\/){0,4})([0-9]{3})(\.p\/([1-9][0-9]{0,2}))?$/.exec(path) ?? refuse('relay/not-found');
  if (groups.startsWith('x000') || (path.includes('.p/') && Number(width) > 255)) refuse('relay/not-found');
  return { index: Number(groups.replace(/[x/]/g, '') + last), width: Number(width) };
}
/** The method of each path in a log, and what it says. */
function inLog(rest, ask, method) {
  const first = (name) => number(ask(name)[0]);
  const [name, ...more] = rest;
  const path = rest.join('/');
  const push = (isClaim) => ({ kind: 'push', isClaim, wantsCheckpoint: ask('checkpoint').length > 0 });
  if (path === 'ops' && method === 'POST') return ['POST', push(false)];
  if (path === 'ops') return ['GET', { kind: 'pull', from: first('from') }];
  if (path === 'claims') return ['POST', push(true)];
  if (path === 'standing') return ['POST', { kind: 'standing' }];
  if (name === 'cosignatures' && more.length === 1 && isHash(more[0]))
    return ['POST', { kind: 'cosign', device: more[0] }];
  if (path === 'checkpoint') {
    const count = ask('cosigned').length > 0 ? first('cosigned') : 0;
    return count <= 63 ? ['GET', { kind: 'checkpoint', count }] : refuse('relay/bad-request');
  }
  if (path === 'proof/consistency')
    return ['GET', { kind: 'consistency', first: first('first'), second: first('second') }];
  if (path === 'proof/inclusion') return ['GET', { kind: 'inclusion', index: first('index'), size: first('size') }];
  if (name !== 'tile' || more.length < 2) refuse('relay/not-found');
  const place = tilePlace(more.slice(1).join('/'));
  if (more[0] === 'entries') return ['GET', { kind: 'entries', ...place }];
  const level = number(more[0]);
  return level <= 5 ? ['GET', { kind: 'tile', level, ...place }] : refuse('relay/not-found');
}
function routeOf(target, method) {
  const [path, query] = target.split(/\?(.*)/s);
  const ask = parametersOf(query);
  const [version, ...parts] = path.slice(1).split('/');
  if (version !== 'v1') refuse(/^v[1-9][0-9]{0,5}$/.test(version) ? 'relay/protocol' : 'relay/not-found');
  if (parts.length === 1 && parts[0] === 'info') return ['GET', { kind: 'info' }];
  const [books, book, kind, scope, ...rest] = parts;
  const isOfBook = scope === undefined && (kind === 'scopes' || kind === 'tail');
  if (books !== 'books' || (!isOfBook && kind !== 'scopes')) refuse('relay/not-found');
  if (!isHash(book)) refuse('relay/bad-request');
  if (isOfBook) return ['GET', { kind, book, known: ask('known').map(tip) }];
  const log = { book, scope: scopeOf(decoded(scope)) };
  const [allowed, route] = inLog(rest, ask, method);
  return [allowed, { ...route, ...log }];
}
function judgeRequest({ method, target }) {
  const [allowed, route] = routeOf(target, method);
  return method === allowed ? { route } : refuse('relay/method');
}
function chooseVersion({ client, relay }) {
  const both = [];
  for (let version = client.from; version <= client.to; version++)
    if (version >= relay.from && version <= relay.to) both.push(version);
  return both.length > 0 ? { version: both.pop() } : refuse('relay/protocol');
}
function readTail({ text }) {
  const events = [];
  try {
    const whole = text.replaceAll('\r\n', '\n').split('\n\n').slice(0, -1);
    for (const lines of whole.map((event) => event.split('\n'))) {
      const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (!['log', 'refused'].includes(field('event'))) continue;
      const data = outcomeOf(field('data'));
      if (field('event') === 'refused') refuse(data.code);
      if (!rules.scope(data.scope) || !Number.isSafeInteger(data.size) || data.size < 0) refuse('relay/bad-answer');
      events.push({ scope: data.scope, size: data.size });
    }
    return { ok: true, events };
  } catch ({ code }) {
    return { ok: false, events, code };
  }
}
function outcomeOf(json) {
  try {
    const data = JSON.parse(json);
    return isObject(data) ? data : refuse('relay/bad-answer');
  } catch {
    return refuse('relay/bad-answer');
  }
}

export const judges = {
  'relay-protocol/request': (input) => outcome(() => judgeRequest(input)),
  'relay-protocol/version': (input) => outcome(() => chooseVersion(input)),
  'relay-protocol/tail': readTail,
};
