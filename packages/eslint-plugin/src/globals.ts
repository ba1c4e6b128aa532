/** Globals and modules, sorted by what they let into a verb. What is on no list here is the world outside. */
import type { Node } from './syntax.ts';
import type { VerbCode } from './verb-code.ts';

export type Way = 'clock' | 'dice' | 'locale' | 'later' | 'floats' | 'outside';

/** Of the language itself, and the same in every engine. `console` only says something: nothing comes back from it. */
const PURE: ReadonlySet<string> = new Set(
  `Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean Error Infinity Int16Array Int32Array Int8Array JSON Map Math NaN
   Number Object RangeError RegExp Set String Symbol SyntaxError TypeError Uint16Array Uint32Array Uint8Array Uint8ClampedArray
   arguments console decodeURIComponent encodeURIComponent isFinite isNaN parseInt structuredClone undefined`.split(
    /\s+/,
  ),
);

const WAYS: Readonly<Record<Exclude<Way, 'outside'>, string>> = {
  clock: 'Date Temporal performance',
  dice: 'crypto',
  locale: 'Intl',
  later:
    'Promise queueMicrotask requestAnimationFrame requestIdleCallback scheduler setImmediate setInterval setTimeout',
  floats: 'Float16Array Float32Array Float64Array DataView parseFloat',
};
const wayByGlobal: ReadonlyMap<string, Way> = new Map(
  Object.entries(WAYS).flatMap(([way, names]) => names.split(' ').map((name) => [name, way as Way] as const)),
);

/** Packages that verbs are tempted by. Modules of Node are outside, whatever they are called. */
const wayByPackage: ReadonlyMap<string, Way> = new Map<string, Way>([
  ...['date-fns', 'dayjs', 'luxon', 'moment'].map((name) => [name, 'clock'] as const),
  ...['nanoid', 'ulid', 'uuid', 'uuidv7'].map((name) => [name, 'dice'] as const),
]);
const NODE_MODULES =
  /^(node:.*|assert|async_hooks|buffer|child_process|cluster|crypto|dgram|dns|events|fs|http|http2|https|module|net|os|path|perf_hooks|process|stream|timers|tls|url|util|v8|vm|worker_threads|zlib)(\/.*)?$/;

/** The way out that an identifier is, and its name; undefined for everything a verb may use. */
export function wayOut(node: Node, code: VerbCode): { readonly way: Way; readonly name: string } | undefined {
  const name = code.globalOf(node);
  if (name !== undefined) return PURE.has(name) ? undefined : { way: wayByGlobal.get(name) ?? 'outside', name };
  const module = code.moduleOf(node);
  if (module === undefined) return undefined;
  if (NODE_MODULES.test(module)) return { way: module.endsWith('crypto') ? 'dice' : 'outside', name: module };
  const way = wayByPackage.get(module.split('/')[0] ?? '');
  return way === undefined ? undefined : { way, name: module };
}

/** The member of a global that is read: `random` where the node is `Math.random`, by whatever name `Math` goes in this file. */
export function memberOfGlobal(node: Node, global: string, code: VerbCode): string | undefined {
  // A name for the member itself (`const r = Math.random`) leads to the place where it got it.
  if (node.type !== 'MemberExpression' && !code.isTakenOut(node)) return undefined;
  const path = code.pathOf(node);
  return path?.startsWith(`${global}.`) === true ? path.slice(global.length + 1) : undefined;
}
