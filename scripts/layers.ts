// The layer check. Packages import only from layers below them, portable entry points reach nothing of Node or of a page,
// and no package.json says otherwise. `checkLayers` is a function of a folder, so a test can plant violations in one.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Reference, readReferences } from './module-references.ts';

/** Lowest first. A package may import only what stands before it. */
export const layerOrder: readonly string[] = [
  'oplog',
  'chain',
  'sign',
  'custody',
  'relay-protocol',
  'cas',
  'erasure',
  'kernel',
  'recovery',
  'guards',
  'ledger',
  'retail',
  'testkit',
  'eslint-plugin',
];

/** Tools: above every package, a dependency of the root alone, and free to use Node. */
const tools: ReadonlySet<string> = new Set(['testkit', 'eslint-plugin']);
const scope = '@tallystick/';
/** Where stores and other things of Node live; the other entries are portable. */
const nodeEntries: ReadonlySet<string> = new Set(['./node', './postgres', './nats', './mail', './contract']);
const nativeModules: ReadonlySet<string> = new Set(['better-sqlite3']);

export interface Problem {
  readonly rule: 'order' | 'portable' | 'reach' | 'manifest' | 'boundary';
  /** `path:line` relative to the checked folder, or the path alone. */
  readonly where: string;
  readonly message: string;
}

interface Package {
  readonly name: string;
  readonly folder: string;
  /** Entry name (`.`, `./node`) to absolute source path. */
  readonly sourceByEntry: ReadonlyMap<string, string>;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

interface Repository {
  readonly root: string;
  readonly packageByName: ReadonlyMap<string, Package>;
}

export function checkLayers(root: string): Problem[] {
  const repository: Repository = { root, packageByName: readPackages(root) };
  const problems: Problem[] = [];
  for (const owner of repository.packageByName.values()) {
    problems.push(...checkManifest(repository, owner), ...checkSources(repository, owner));
    if (!tools.has(owner.name)) problems.push(...checkPortableEntries(repository, owner));
  }
  return problems;
}

function readPackages(root: string): Map<string, Package> {
  const packageByName = new Map<string, Package>();
  for (const manifestPath of globSync('packages/*/package.json', { cwd: root }).sort()) {
    const folder = join(root, dirname(manifestPath));
    const manifest = JSON.parse(readFileSync(join(root, manifestPath), 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const entries = Object.entries(manifest['exports'] ?? {}).filter(([, source]) => source.endsWith('.ts'));
    packageByName.set(relative(join(root, 'packages'), folder), {
      name: relative(join(root, 'packages'), folder),
      folder,
      sourceByEntry: new Map(entries.map(([entry, source]) => [entry, resolve(folder, source)])),
      dependencies: new Set(
        [manifest['dependencies'], manifest['peerDependencies'], manifest['optionalDependencies']].flatMap((group) =>
          Object.keys(group ?? {}),
        ),
      ),
      devDependencies: new Set(Object.keys(manifest['devDependencies'] ?? {})),
    });
  }
  return packageByName;
}

/** What is wrong with `from` using `to`, both names without the scope; undefined when it is in order. */
function orderFault(from: string, to: string): string | undefined {
  const fromRank = layerOrder.indexOf(from);
  const toRank = layerOrder.indexOf(to);
  if (fromRank < 0) return `'${from}' has no place in the layer order`;
  if (toRank < 0) return `'${to}' has no place in the layer order`;
  if (toRank > fromRank) return `'${from}' is below '${to}' and must not use it`;
  return undefined;
}

function checkManifest(repository: Repository, owner: Package): Problem[] {
  const where = join('packages', owner.name, 'package.json');
  const problems: Problem[] = [];
  if (!layerOrder.includes(owner.name)) {
    problems.push({ rule: 'order', where, message: `'${owner.name}' has no place in the layer order` });
  }
  for (const dependency of [...owner.dependencies, ...owner.devDependencies]) {
    if (!dependency.startsWith(scope)) continue;
    const fault = orderFault(owner.name, dependency.slice(scope.length));
    if (fault !== undefined) problems.push({ rule: 'manifest', where, message: `depends on ${dependency}: ${fault}` });
  }
  if (owner.name === 'relay-protocol' && dependencyClosure(repository, owner).has('kernel')) {
    problems.push({ rule: 'reach', where, message: 'relay-protocol reaches kernel through its dependencies' });
  }
  return problems;
}

function dependencyClosure(repository: Repository, start: Package): Set<string> {
  const seen = new Set<string>();
  const pending = [start];
  for (let owner = pending.pop(); owner !== undefined; owner = pending.pop()) {
    for (const dependency of owner.dependencies) {
      const name = dependency.startsWith(scope) ? dependency.slice(scope.length) : '';
      const next = repository.packageByName.get(name);
      if (next === undefined || seen.has(name)) continue;
      seen.add(name);
      pending.push(next);
    }
  }
  return seen;
}

/** Every import in `src`, used or not: the order, the package's own border, and the manifest naming what is imported. */
function checkSources(repository: Repository, owner: Package): Problem[] {
  const problems: Problem[] = [];
  for (const file of globSync('src/**/*.{ts,tsx,mts,js,mjs}', { cwd: owner.folder }).sort()) {
    const path = join(owner.folder, file);
    for (const reference of readReferences(path)) {
      if (reference.kind !== 'module') continue;
      const where = `${relative(repository.root, path)}:${reference.line}`;
      const problem = checkImport(owner, path, reference);
      if (problem !== undefined) problems.push({ ...problem, where });
    }
  }
  return problems;
}

function checkImport(owner: Package, path: string, reference: Reference): Omit<Problem, 'where'> | undefined {
  const specifier = reference.name;
  if (specifier.startsWith('.') || specifier.startsWith('/')) {
    const target = resolve(dirname(path), specifier);
    const isInside = target.startsWith(`${join(owner.folder, 'src')}/`);
    return isInside ? undefined : { rule: 'boundary', message: `'${specifier}' leaves the package's src` };
  }
  if (isBuiltin(specifier)) return undefined;
  const name = packageNameOf(specifier);
  if (name.startsWith('@tallystick-app/'))
    return { rule: 'order', message: `a package must not import the app ${name}` };
  if (name.startsWith(scope)) {
    const target = name.slice(scope.length);
    const fault = target === owner.name ? 'a package imports its own files by path' : orderFault(owner.name, target);
    if (fault !== undefined) return { rule: 'order', message: `imports ${specifier}: ${fault}` };
  }
  if (owner.dependencies.has(name)) return undefined;
  return { rule: 'manifest', message: `imports ${specifier}, which the package.json does not depend on` };
}

function packageNameOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

/** Walks the module graph of each entry but those for Node, across packages, and refuses what only Node or only a page has. */
function checkPortableEntries(repository: Repository, owner: Package): Problem[] {
  const problems: Problem[] = [];
  for (const [entry, source] of owner.sourceByEntry) {
    if (nodeEntries.has(entry)) continue;
    if (!existsSync(source)) {
      problems.push({
        rule: 'manifest',
        where: relative(repository.root, source),
        message: `entry ${entry} is missing`,
      });
      continue;
    }
    problems.push(...walkPortable(repository, owner, entry, source));
  }
  return problems;
}

function walkPortable(repository: Repository, owner: Package, entry: string, source: string): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set([source]);
  const pending = [source];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const reference of readReferences(path)) {
      const where = `${relative(repository.root, path)}:${reference.line}`;
      const message = `${scope}${owner.name} (entry ${entry}) must be portable but reaches ${reference.name}`;
      const isNative = reference.kind === 'module' && isNativeModule(reference.name);
      if (reference.kind === 'global' || isNative) problems.push({ rule: 'portable', where, message });
      const next = reference.kind === 'module' ? resolveSource(repository, path, reference.name) : undefined;
      if (next === undefined || seen.has(next)) continue;
      if (owner.name === 'relay-protocol' && next.startsWith(join(repository.root, 'packages/kernel/'))) {
        problems.push({ rule: 'reach', where, message: 'relay-protocol reaches kernel' });
      }
      seen.add(next);
      pending.push(next);
    }
  }
  return problems;
}

function isNativeModule(specifier: string): boolean {
  return isBuiltin(specifier) || specifier.startsWith('node:') || nativeModules.has(packageNameOf(specifier));
}

/** The source file of ours a specifier leads to, or undefined for somebody else's module. */
function resolveSource(repository: Repository, from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    const path = resolve(dirname(from), specifier);
    return existsSync(path) && /\.[cm]?[jt]sx?$/.test(path) ? path : undefined;
  }
  if (!specifier.startsWith(scope)) return undefined;
  const name = packageNameOf(specifier);
  const target = repository.packageByName.get(name.slice(scope.length));
  const source = target?.sourceByEntry.get(`.${specifier.slice(name.length)}`);
  return source !== undefined && existsSync(source) ? source : undefined;
}

function main(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const problems = checkLayers(root);
  for (const { rule, where, message } of problems) console.log(`${where}  ${rule}  ${message}`);
  const count = globSync('packages/*/src/**/*.ts', { cwd: root }).length;
  console.log(`layers: ${count} source files, ${problems.length} problems`);
  if (problems.length > 0 || count === 0) process.exitCode = 1;
}

if (import.meta.main) main();
