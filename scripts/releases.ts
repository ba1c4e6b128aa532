// Two releases of a program against each other, as they would be published: packed tarballs in two folders, one device a process, weeks apart, with
// nothing between them but book files. What an old release sold counts in the new one, and what the new one adopted stops the old one until it is exchanged.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { packPackages } from './example-folder.ts';
import { publicPackages, root } from './packages.ts';

const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', '--prefer-offline'];
const peers = ['better-sqlite3', 'zod'];
let failed = 0;

/** What a device says after a task; see releases/device.mjs. */
interface Answer {
  readonly book: string;
  readonly device: string;
  readonly key: string;
  readonly answers: readonly string[];
  readonly stop?: { readonly code: string; readonly table?: string; readonly release?: string };
  readonly lacking: readonly { readonly what: string; readonly release: string }[];
  readonly digest: string;
  readonly proven?: boolean;
  readonly sales: number;
  readonly byDay?: readonly { readonly day: string; readonly quantity: number }[];
}

/** A folder with the packages and one release of the verbs, installed by npm; answers how to run a task of a device there. */
function installRelease(
  release: number,
  work: string,
  tarballs: readonly string[],
): (device: string, task: object) => Answer {
  const folder = join(work, `release-${release}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: join(root, 'scripts/releases', `verbs-${release}`),
    encoding: 'utf8',
  });
  const own = join(folder, packed.trim());
  execFileSync('npm', ['install', ...quiet, ...tarballs, own, ...peers], { cwd: folder, stdio: ['ignore', 2, 2] });
  copyFileSync(join(root, 'scripts/releases/device.mjs'), join(folder, 'device.mjs'));
  return (device, task) => {
    const database = join(work, `${device}.db`);
    const args = ['device.mjs', database, JSON.stringify(task)];
    const ended = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    if (ended.status !== 0) throw new Error(`release ${release} ended on ${JSON.stringify(task)}:\n${ended.stderr}`);
    return JSON.parse(ended.stdout) as Answer;
  };
}

function expect(what: string, got: unknown, wanted: unknown): void {
  const isRight = isDeepStrictEqual(got, wanted);
  console.log(
    `${isRight ? 'ok  ' : 'FAIL'}  ${what}${isRight ? '' : `: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`}`,
  );
  if (!isRight) failed += 1;
}

const work = mkdtempSync(join(tmpdir(), 'tallystick-releases-'));
try {
  const wanted = new Set(
    ['oplog', 'chain', 'sign', 'relay-protocol', 'cas', 'erasure', 'kernel'].map((name) => `@tallystick/${name}`),
  );
  const packages = publicPackages();
  const tarballs = packPackages(work).filter((_, index) => wanted.has(packages[index]?.name ?? ''));
  const [old, young] = [installRelease(1, work, tarballs), installRelease(2, work, tarballs)];
  const file = (name: string): string => join(work, `${name}.book`);
  const sale = (day: string): object => ({ sku: 'tea', quantity: 2, day });

  const opened = old('office', { sell: [sale('d1')] });
  const { book } = opened;
  const { device, key } = old('till', { book });
  old('office', { enrol: { device, key }, export: file('office') });
  const apart = old('till', { import: [file('office')], sell: [sale('d1'), sale('d2')], export: file('till') });
  expect('an old till sells without a network', [apart.answers, apart.sales], [['ok', 'ok'], 3]);

  const upgraded = young('office', { sell: [sale('d2')] });
  expect('a new release goes on with an old book, by its rules', [upgraded.answers, upgraded.byDay], [['ok'], []]);
  const bought = { ...sale('d3'), buyer: 'Ada' };
  const adopted = young('office', { adopt: true, sell: [bought], export: file('office'), prove: true });
  expect('it adopts and counts the old rows', [adopted.answers, adopted.proven], [['ok', 'ok'], true]);
  expect('by day', adopted.byDay, [
    { day: 'd1', quantity: 2 },
    { day: 'd2', quantity: 2 },
    { day: 'd3', quantity: 2 },
  ]);

  const stopped = old('till', { import: [file('office')], sell: [sale('d4')] });
  expect(
    'the old till stops and says what it needs',
    [stopped.stop?.code, stopped.stop?.release, stopped.answers],
    ['kernel/unsupported-table', 'corner shop 2.0.0', ['kernel/scope-stopped']],
  );
  expect(
    'the same stands in its status',
    stopped.lacking.map(({ what }) => what),
    ['soldByDay'],
  );
  expect('it has what it had, and what comes before the adoption', stopped.sales, 4);

  const heard = young('office', { import: [file('till')], export: file('office'), prove: true });
  expect('what it sold apart counts at the office', [heard.sales, heard.proven], [5, true]);
  const resumed = young('till', { import: [file('office')], export: file('till'), prove: true });
  expect(
    'with the new release it goes on to the same digest',
    [resumed.digest, resumed.stop, resumed.proven],
    [heard.digest, undefined, true],
  );

  const back = old('till', {});
  expect(
    'the old release put back reads the books as they are',
    [back.digest, back.sales, back.stop?.code],
    [resumed.digest, 5, 'kernel/unsupported-table'],
  );
  const again = young('till', { sell: [{ ...sale('d5'), buyer: 'Ben' }], prove: true });
  expect('and harms nothing', [again.answers, again.proven], [['ok'], true]);
  console.log(`releases: two of them, ${failed} of their checks failed`);
  if (failed > 0) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
