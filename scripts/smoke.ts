// The smoke run: installs the packed tarballs into an empty folder with npm, as a stranger would, imports every entry point with
// the Node of the machine (`SMOKE_NODE`, else the first on PATH that is not ours; it must be 20.19 or newer), and runs the tests of
// the Node example there. In another zone and language the packages must fold the history of every verb to the digest that the
// sources fold it to here.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { everyVerbDigest } from './every-verb.ts';
import { installExample, packPackages } from './example-folder.ts';
import { publicPackages } from './packages.ts';

/** The peer that the `/node` entries use. Its current major does not run on Node 20; the peer range allows this one. */
const sqlitePeer = 'better-sqlite3@12';
const sqljsPeer = 'sql.js@1';
/** Of the relay's stores on servers. */
const enginePeers = ['pg@8', '@nats-io/jetstream@3', '@nats-io/transport-node@3'];
/** Of the mailbox in which backups are kept. */
const mailPeers = ['nodemailer@10', 'imapflow@2.1.2'];
const seed = 1;

function systemNode(): string {
  const named = process.env['SMOKE_NODE'];
  if (named !== undefined && named !== '') return named;
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  const isOurs = (path: string): boolean => path.includes('.toolchain') || path.includes('node_modules');
  return candidates.find((path) => !isOurs(path) && existsSync(path)) ?? process.execPath;
}

function checkedVersion(node: string): string {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Error(`the packages need Node >= 20.19; ${node} is ${version}`);
  return version;
}

/**
 * A program that imports each specifier and says how many names it found, and that folds the history of every verb on both peers. An entry without
 * exports is a failure, and so is another digest.
 */
function importProgram(specifiers: readonly string[], digest: string): string {
  return `let failed = 0;
for (const specifier of ${JSON.stringify(specifiers)}) {
  try {
    const count = Object.keys(await import(specifier)).length;
    if (count === 0) throw new Error('it exports nothing');
    console.log(\`ok    \${specifier} (\${count} exports)\`);
  } catch (error) {
    failed += 1;
    console.log(\`FAIL  \${specifier}: \${error?.stack ?? error}\`);
  }
}
const { nodeCrypto, nodeStore } = await import('@tallystick/kernel/node');
const { sqljsStore } = await import('@tallystick/kernel/sqljs');
const { checkBook, everyVerb, liveEveryVerb } = await import('@tallystick/testkit');
const sqlite = await (await import('sql.js')).default();
const stores = { 'better-sqlite3': () => nodeStore(':memory:'), 'sql.js': () => ({ ...sqljsStore({ sqlite }), crypto: nodeCrypto }) };
for (const [name, store] of Object.entries(stores)) {
  const fleet = await liveEveryVerb({ seed: ${seed}, crypto: nodeCrypto, store });
  const report = await checkBook(fleet.book(0), { verbs: everyVerb, crypto: nodeCrypto, stores });
  await fleet.close();
  const problems = report.digest === ${JSON.stringify(digest)} ? report.problems : [...report.problems, 'the sources fold to ${digest}'];
  if (problems.length > 0) failed += 1;
  console.log(\`\${problems.length === 0 ? 'ok   ' : 'FAIL '} every verb on \${name} folds to \${report.digest} \${problems.join('; ')}\`.trimEnd());
}
process.exitCode = failed === 0 ? 0 : 1;
`;
}

const work = mkdtempSync(join(tmpdir(), 'tallystick-smoke-'));
try {
  const node = systemNode();
  const version = checkedVersion(node);
  const specifiers = publicPackages().flatMap(({ name, entries }) =>
    entries.map((entry) => `${name}${entry.slice(1)}`),
  );
  // npm runs on the machine's Node too, so a native peer gets the binary of that Node.
  const env = { ...process.env, PATH: [join(node, '..'), process.env['PATH']].join(delimiter) };
  const folder = join(work, 'node-pos');
  installExample('node-pos', folder, packPackages(work), {
    more: [sqlitePeer, sqljsPeer, ...enginePeers, ...mailPeers],
    env,
  });
  writeFileSync(join(folder, 'smoke.mjs'), importProgram(specifiers, await everyVerbDigest(seed)));
  const elsewhere = { ...env, TZ: 'Pacific/Kiritimati', LC_ALL: 'de_CH.UTF-8' };
  const stdio = ['ignore', 'inherit', 'inherit'] as const;
  const imported = spawnSync(node, ['smoke.mjs'], { cwd: folder, env: elsewhere, stdio: [...stdio] });
  const tested = spawnSync('npm', ['test'], { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] });
  console.log(`${tested.status === 0 ? 'ok  ' : `FAIL\n${tested.stdout}\n`}  the tests of examples/node-pos`);
  const fuzzed = spawnSync('npx', ['--no-install', 'testkit', 'fuzz', '--runs', '2', '--ops', '40'], {
    cwd: folder,
    env,
    stdio: [...stdio],
  });
  const isOk = [imported, tested, fuzzed].every(({ status }) => status === 0);
  console.log(`smoke: ${specifiers.length} entries and an example on Node ${version} ${isOk ? 'ok' : 'FAIL'}`);
  if (!isOk) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
