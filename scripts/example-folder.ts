// An example in a folder of its own, as a reader has it: its files, and the packed tarballs in place of what npm would fetch.
import { execFileSync, type StdioOptions } from 'node:child_process';
import { cpSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildPackages, packPackage, publicPackages, root } from './packages.ts';

const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', '--prefer-offline'];
// npm's own words go to stderr.
const stdio: StdioOptions = ['ignore', 2, 2];

/** Names of the folders in `examples/`. */
export function exampleNames(): readonly string[] {
  return globSync('examples/*/package.json', { cwd: root })
    .map((path) => basename(dirname(path)))
    .sort();
}

/** Builds and packs every public package, and answers the paths of the tarballs. */
export function packPackages(folder: string): readonly string[] {
  buildPackages();
  return publicPackages().map((packed) => packPackage(packed, folder));
}

/** Copies an example into `folder` and installs it there with npm; `more` are further packages, or other versions of its own. */
export function installExample(
  name: string,
  folder: string,
  tarballs: readonly string[],
  { more = [], env = process.env }: { readonly more?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): void {
  checkRanges(name);
  const isSource = (path: string): boolean => !/\/(?:node_modules|dist)(?:\/|$)/.test(path.slice(root.length));
  cpSync(join(root, 'examples', name), folder, { recursive: true, filter: isSource });
  execFileSync('npm', ['install', ...quiet, ...tarballs, ...more], { cwd: folder, env, stdio });
}

/** Tarballs take the place of any range, so the ranges that a reader's npm would follow are compared here. */
function checkRanges(name: string): void {
  const manifest = JSON.parse(readFileSync(join(root, 'examples', name, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const versions = new Map(publicPackages().map((known) => [known.name, known.version]));
  for (const [dependency, range] of Object.entries(manifest.dependencies)) {
    if (!dependency.startsWith('@tallystick/')) continue;
    const version = versions.get(dependency);
    if (version === undefined || range !== `^${version}`)
      throw new Error(
        `examples/${name} asks for ${dependency} ${range}, and this release is ${version ?? 'without it'}`,
      );
  }
}
