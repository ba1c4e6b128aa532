/**
 * The known ways out of determinism that JavaScript offers at run time, each as a place where a trap can stand: the clock, dice, the network, files,
 * locales, timers, what engines approximate and memory that threads share, in Node, in pages and in workers. A trap passes everything on unless `reach` throws.
 */

/** Told what is reached for, just before it happens. */
type Reach = (what: string) => void;
/** Runs work that no trap is to see. */
type Outside = <T>(work: () => T) => T;
type Owner = object & Record<PropertyKey, unknown>;

const GLOBAL_FUNCTIONS = [
  ...'Date fetch XMLHttpRequest WebSocket EventSource Worker SharedWorker BroadcastChannel WeakRef'.split(' '),
  ...'FinalizationRegistry setTimeout setInterval setImmediate queueMicrotask requestAnimationFrame'.split(' '),
  ...'requestIdleCallback parseFloat Float16Array Float32Array Float64Array SharedArrayBuffer'.split(' '),
];
/** Of Math, what keeps integers integers, bit for bit, everywhere, as the lint rule `no-floats` has it. */
const EXACT_MATH: ReadonlySet<string> = new Set('abs ceil clz32 floor imul max min random round sign trunc'.split(' '));

/** Methods of objects that are there in some surroundings: the path to the object, and its methods. */
const METHODS: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ['Date', ['now']],
  ['Math', ['random', ...methodsOf(Math).filter((name) => !EXACT_MATH.has(name))]],
  ['Atomics', methodsOf(Atomics)],
  ['Number', ['parseFloat']],
  ['Number.prototype', ['toExponential', 'toFixed', 'toPrecision']],
  ['crypto', ['getRandomValues', 'randomUUID']],
  ['performance', ['now']],
  ['process', ['hrtime', 'nextTick', 'uptime', 'cwd', 'memoryUsage']],
  ['process.hrtime', ['bigint']],
  ['Temporal.Now', ['instant', 'plainDateISO', 'plainDateTimeISO', 'plainTimeISO', 'timeZoneId', 'zonedDateTimeISO']],
  ['localStorage', ['getItem', 'setItem', 'removeItem']],
  ['sessionStorage', ['getItem', 'setItem', 'removeItem']],
  ['indexedDB', ['open']],
  ['Object.prototype', ['toLocaleString']],
  ['Array.prototype', ['toLocaleString']],
  ['Number.prototype', ['toLocaleString']],
  ['BigInt.prototype', ['toLocaleString']],
  ['Date.prototype', ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']],
  ['String.prototype', ['localeCompare', 'toLocaleLowerCase', 'toLocaleUpperCase']],
];
function methodsOf(owner: object): string[] {
  return Object.getOwnPropertyNames(owner).filter((name) => typeof Reflect.get(owner, name) === 'function');
}

/** What is read rather than called. */
const READ: readonly (readonly [path: string, names: readonly string[]])[] = [
  ['process', ['env', 'argv', 'pid', 'ppid', 'platform', 'arch', 'execPath', 'title']],
  // Of the last match of any program.
  ['RegExp', "lastMatch lastParen leftContext rightContext input multiline $& $+ $` $' $_ $*".split(' ')],
  ['RegExp', Array.from({ length: 9 }, (_, group) => `$${group + 1}`)],
  ['navigator', ['language', 'languages', 'onLine']],
  ['performance', ['timeOrigin']],
];
/** What a formatter made beforehand does; the constructors themselves are caught by name. */
const INTL_METHODS = ['format', 'formatToParts', 'formatRange', 'compare', 'select', 'of', 'segment'];
const NODE_MODULES: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['randomBytes', 'randomFillSync', 'randomInt', 'randomUUID', 'getRandomValues'],
  'node:fs': ['existsSync', 'openSync', 'readdirSync', 'readFileSync', 'statSync', 'writeFileSync'],
  'node:os': ['hostname', 'networkInterfaces', 'platform', 'userInfo'],
};

/** Sets every trap that has a place here, and answers how to take them all away again. What the console does is done `outside`: it looks at its surroundings, and answers nothing. */
export function setTraps(reach: Reach, outside: Outside): () => void {
  const world = globalThis as unknown as Owner;
  const undone: (() => void)[] = [];
  const set = (owner: object | undefined, key: string, what: string): void => {
    const undo = owner === undefined ? undefined : setTrap(owner as Owner, key, () => reach(what));
    if (undo !== undefined) undone.push(undo);
  };
  for (const [path, methods] of [...METHODS, ...READ])
    for (const method of methods)
      set(ownerOf(at(world, path), method), method, `${path}.${method}`.replace('.prototype', ''));
  for (const [name, constructor] of intlOf(world)) {
    const { prototype } = constructor as { prototype?: object };
    for (const method of INTL_METHODS) set(ownerOf(prototype, method), method, `Intl.${name}.${method}`);
    set(world['Intl'] as object, name, `Intl.${name}`);
  }
  for (const name of GLOBAL_FUNCTIONS) set(ownerOf(world, name), name, name);
  // A verb that runs where Temporal is and not where it is missing folds differently on the two.
  if (!('Temporal' in world)) undone.push(setMissing(world, 'Temporal', reach));
  setNodeTraps(world, set);
  undone.push(freeConsole(world, outside));
  return () => {
    for (const undo of undone.toReversed()) undo();
    syncNode(world);
  };
}

function setTrap(owner: Owner, key: string, reach: () => void): (() => void) | undefined {
  const original = Object.getOwnPropertyDescriptor(owner, key);
  if (original === undefined || original.configurable !== true) return undefined;
  const { get, enumerable = false } = original;
  const value: unknown = original.value;
  const look = lookAt(get ?? (() => value), reach);
  const watched: PropertyDescriptor =
    typeof value === 'function'
      ? { ...original, value: watch(value, reach) }
      : { configurable: true, enumerable, get: look, ...(original.set === undefined ? {} : { set: original.set }) };
  Object.defineProperty(owner, key, watched);
  return () => void Object.defineProperty(owner, key, original);
}

function watch(target: object, reach: () => void): object {
  return new Proxy(target as () => unknown, {
    apply(called, self, args) {
      reach();
      return Reflect.apply(called, self, args) as unknown;
    },
    construct(called, args, made) {
      reach();
      return Reflect.construct(called, args, made) as object;
    },
  });
}

function freeConsole(world: Owner, outside: Outside): () => void {
  const console = world['console'] as Owner;
  const methods = Object.entries(console).flatMap(([name, method]) =>
    typeof method === 'function' ? [[name, method] as const] : [],
  );
  for (const [name, method] of methods)
    console[name] = (...args: unknown[]): unknown => outside(() => Reflect.apply(method, console, args) as unknown);
  return () => {
    for (const [name, method] of methods) console[name] = method;
  };
}

function lookAt(get: () => unknown, reach: () => void): () => unknown {
  return function watched(this: unknown): unknown {
    reach();
    return get.call(this);
  };
}

function setMissing(world: Owner, name: string, reach: Reach): () => void {
  Object.defineProperty(world, name, {
    configurable: true,
    get() {
      reach(name);
      return undefined;
    },
  });
  return () => void Reflect.deleteProperty(world, name);
}

/** What a path of names leads to; undefined where it leads nowhere, or only throws, as storage does in some pages. */
function at(world: Owner, path: string): object | undefined {
  try {
    let here: unknown = world;
    for (const name of path.split('.')) here = (here as Owner | undefined)?.[name];
    return (typeof here === 'object' && here !== null) || typeof here === 'function' ? here : undefined;
  } catch {
    return undefined;
  }
}

/** The object itself or the prototype that holds the property. */
function ownerOf(object: object | undefined, key: string): object | undefined {
  let owner: unknown = object;
  while (typeof owner === 'object' || typeof owner === 'function') {
    if (owner === null) return undefined;
    if (Object.hasOwn(owner, key)) return owner;
    owner = Object.getPrototypeOf(owner);
  }
  return undefined;
}

function intlOf(world: Owner): [string, object][] {
  const intl = world['Intl'] as Owner;
  return Object.getOwnPropertyNames(intl).flatMap((name): [string, object][] =>
    typeof intl[name] === 'function' ? [[name, intl[name]]] : [],
  );
}

/** The modules that Node itself lends, where this is Node. */
function nodeModule(world: Owner, name: string): Owner | undefined {
  const process = world['process'] as { getBuiltinModule?(name: string): Owner | undefined } | undefined;
  return process?.getBuiltinModule?.(name);
}

function setNodeTraps(world: Owner, set: (owner: object | undefined, key: string, what: string) => void): void {
  for (const [module, names] of Object.entries(NODE_MODULES))
    for (const name of names) set(nodeModule(world, module), name, `${module} ${name}`);
  syncNode(world);
}

/** Makes `import { randomUUID } from 'node:crypto'` see what stands in the module now. */
function syncNode(world: Owner): void {
  const module = nodeModule(world, 'node:module') as { syncBuiltinESMExports?(): void } | undefined;
  module?.syncBuiltinESMExports?.();
}
