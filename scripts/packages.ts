// The public packages and their tarballs, as the checks of what would be published need them.
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('..', import.meta.url));

interface PublicPackage {
  readonly name: string;
  readonly version: string;
  /** Relative to the root. */
  readonly folder: string;
  /** `.` and `./node` style names. */
  readonly entries: readonly string[];
}

export function publicPackages(): PublicPackage[] {
  return globSync('packages/*/package.json', { cwd: root })
    .sort()
    .map((path) => ({ path, manifest: JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ path, manifest }) => ({
      name: manifest.name,
      version: manifest.version,
      folder: dirname(path),
      // What is no program is data: schemas.
      entries: Object.keys(manifest.exports).filter((entry) => manifest.exports[entry]?.endsWith('.ts')),
    }));
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, string>>;
}

/** Builds all packages; turbo answers from its cache when nothing changed. */
export function buildPackages(): void {
  const turbo = join(root, 'node_modules/turbo/bin/turbo');
  const args = ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only'];
  const ended = spawnSync(process.execPath, [turbo, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (ended.status === 0) return;
  console.error('the packages do not build, so there is nothing to check');
  process.exit(1);
}

/** Packs a package as publishing would, into `folder`, and returns the tarball's path. */
export function packPackage(packed: PublicPackage, folder: string): string {
  const output = execFileSync('pnpm', ['pack', '--json', '--pack-destination', folder], {
    cwd: join(root, packed.folder),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { filename } = JSON.parse(output) as { filename: string };
  return join(folder, filename.replace(/^.*[\\/]/, ''));
}
