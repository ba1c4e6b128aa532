// Runs a command of `commands.mjs` on a machine that has any Node from 18 on: makes sure of the right Node, pnpm and
// node_modules first (kept in `.toolchain/`, and skipped when a stamp says that nothing changed), then hands over the
// terminal. Plain JavaScript without dependencies, because it runs before there are any. Set-up speaks on stderr only.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commands } from './commands.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** The Node and pnpm this repository is developed, built and tested with. */
const versions = JSON.parse(readFileSync(join(root, 'scripts', 'toolchain.json'), 'utf8'));
const toolchain = join(root, '.toolchain');
const stampPath = join(toolchain, 'stamp');
const lockPath = join(toolchain, 'lock');
const logPath = join(toolchain, 'setup.log');
const isWindows = process.platform === 'win32';
const lockStaleMs = 20_000;

/** @typedef {{ cwd: string, env: NodeJS.ProcessEnv }} StepOptions */

class SetupError extends Error {}

const say = (/** @type {string} */ line) => process.stderr.write(`tallystick: ${line}\n`);
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

const needsOwnNode = Number(process.versions.node.split('.')[0]) < Number(versions.node.split('.')[0]);
const nodePackage = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
/** The folder of our own pnpm, and Node where needed. Its name says what is inside, so another version never finds it. */
const toolsPath = join(toolchain, `tools-${needsOwnNode ? `node-${versions.node}-` : ''}pnpm-${versions.pnpm}`);
const toolchainNode = join(toolsPath, 'node_modules', nodePackage, 'bin', isWindows ? 'node.exe' : 'node');
const toolchainPnpm = join(toolsPath, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs');
const node = needsOwnNode ? toolchainNode : process.execPath;

/** What the installed state depends on: the lockfile, the workspace and every package.json. */
function setupHash() {
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'];
  for (const folder of ['packages', 'apps']) {
    for (const name of readdirSync(join(root, folder)).sort()) files.push(`${folder}/${name}/package.json`);
  }
  const hash = createHash('sha256').update(`${versions.node} ${versions.pnpm} ${process.platform} ${process.arch}\n`);
  for (const file of files) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(`${file}\n`).update(readFileSync(path)).update('\n');
  }
  return hash.digest('hex');
}

/** @returns {boolean} whether the last set-up was for `hash` and what it made is still there */
function isSetUp(/** @type {string} */ hash) {
  if (!existsSync(stampPath) || readFileSync(stampPath, 'utf8') !== hash) return false;
  return existsSync(node) && existsSync(toolchainPnpm) && existsSync(join(root, 'node_modules', '.modules.yaml'));
}

/** Runs a set-up step with its output in the log; on failure throws with the log's end, so the reader sees the cause. */
async function step(/** @type {string} */ file, /** @type {string[]} */ args, /** @type {StepOptions} */ options) {
  const log = openSync(logPath, 'w');
  // npm is a script on Windows, and scripts need a shell there; no argument of ours needs quoting.
  const shell = isWindows && file === 'npm';
  const child = spawn(file, args, { ...options, shell, stdio: ['ignore', log, log] });
  const stop = () => child.kill();
  process.once('exit', stop);
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${signal ?? `code ${code}`}`));
  });
  process.off('exit', stop);
  closeSync(log);
  if (failure === undefined) return;
  const tail = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-30).join('\n');
  throw new SetupError(`\`${[file, ...args].join(' ')}\` failed: ${failure}\n${tail}`);
}

/** Takes the set-up lock: a folder, whose holder renews its time. One not renewed for a while belongs to a killed run. */
async function takeLock() {
  let isWaiting = false;
  for (;;) {
    try {
      mkdirSync(lockPath);
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (!isWaiting) say('waiting for another set-up of this folder to finish');
    isWaiting = true;
    await sleep(200);
    removeStaleLock();
  }
  const renewal = setInterval(() => {
    const now = new Date();
    if (existsSync(lockPath)) utimesSync(lockPath, now, now);
  }, 1_000);
  const release = () => rmSync(lockPath, { recursive: true, force: true });
  process.once('exit', release);
  return () => {
    clearInterval(renewal);
    process.off('exit', release);
    release();
  };
}

function ageMs(/** @type {string} */ path) {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY);
}

/** Only one run at a time may clear a stale lock, and it looks again before it does; so nobody clears a live one. */
function removeStaleLock() {
  if (ageMs(lockPath) < lockStaleMs) return;
  const clearing = `${lockPath}-clearing`;
  if (ageMs(clearing) > lockStaleMs) rmSync(clearing, { recursive: true, force: true });
  try {
    mkdirSync(clearing);
  } catch {
    return;
  }
  if (ageMs(lockPath) >= lockStaleMs) rmSync(lockPath, { recursive: true, force: true });
  rmSync(clearing, { recursive: true, force: true });
}

/** Installs our own Node and pnpm beside each other with npm, in a folder that appears under its name only when whole. */
async function installTools() {
  const packages = needsOwnNode ? [`${nodePackage}@${versions.node}`] : [];
  packages.push(`pnpm@${versions.pnpm}`);
  say(`installing ${packages.join(' and ')} into .toolchain (once)`);
  const temporary = `${toolsPath}.${randomUUID()}`;
  mkdirSync(temporary);
  writeFileSync(join(temporary, 'package.json'), '{ "private": true }\n');
  // Under `npm run --silent` npm inherits the silence, and its errors with it: ask for them.
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const env = { ...process.env };
  for (const name of Object.keys(env))
    if (/^npm_(package|lifecycle)_|^npm_config_local_prefix$/i.test(name)) delete env[name];
  await step('npm', ['install', ...options, ...packages], { cwd: temporary, env });
  rmSync(toolsPath, { recursive: true, force: true });
  renameSync(temporary, toolsPath);
  if (needsOwnNode) await step(toolchainNode, ['--version'], { cwd: root, env });
}

/** Environment of everything we start: our Node and pnpm first on PATH, then the workspace's programs. */
function childEnvironment() {
  // What Node compiled once is kept: a command starts in half the time after its first.
  /** @type {NodeJS.ProcessEnv} */
  const env = { TURBO_TELEMETRY_DISABLED: '1', NODE_COMPILE_CACHE: join(toolchain, 'compiled'), ...process.env };
  const pathName = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const bins = [join(toolsPath, 'node_modules', '.bin'), join(root, 'node_modules', '.bin')];
  env[pathName] = [...bins.filter((bin) => existsSync(bin)), env[pathName]].join(delimiter);
  return env;
}

async function setUp() {
  mkdirSync(toolchain, { recursive: true });
  // Leaving through `exit` is what stops the running step and gives the lock back.
  const signalCodes = Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 });
  for (const [signal, code] of signalCodes) process.on(signal, () => process.exit(code));
  const releaseLock = await takeLock();
  try {
    const hash = setupHash();
    if (isSetUp(hash)) return;
    for (const name of readdirSync(toolchain)) {
      if (/^tools-.*\.[0-9a-f-]{36}$/.test(name)) rmSync(join(toolchain, name), { recursive: true, force: true });
    }
    rmSync(stampPath, { force: true });
    if (!existsSync(toolchainPnpm) || !existsSync(node)) await installTools();
    say('installing dependencies');
    const options = ['--frozen-lockfile', '--config.confirmModulesPurge=false'];
    await step(node, [toolchainPnpm, 'install', ...options], { cwd: root, env: childEnvironment() });
    writeFileSync(stampPath, hash);
    say('ready');
  } finally {
    releaseLock();
    for (const [signal] of signalCodes) process.removeAllListeners(signal);
  }
}

/** The working directory of the person: npm starts scripts at the root and leaves the original in INIT_CWD. */
function callerFolder() {
  const initial = process.env['INIT_CWD'];
  return initial !== undefined && process.env['npm_lifecycle_event'] !== undefined ? initial : process.cwd();
}

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null }} End */

/** Runs one line to its end with our stdio, passes signals on, and returns how it ended. */
async function run(/** @type {string[]} */ args, /** @type {string} */ cwd) {
  const child = spawn(node, args, { cwd, env: childEnvironment(), stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child itself; a second one from us would read as "quit at once".
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  // npm hands SIGTERM to the shell between us, which dies without a word to us: see it by our parent changing.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 250);
  /** @type {End} */
  const end = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  clearInterval(watch);
  for (const signal of signals) process.removeAllListeners(signal);
  return end;
}

/** @returns {Promise<End>} */
async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  const isPnpm = name === 'pnpm';
  const isSetUpOnly = name === 'setup';
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined && !isPnpm && !isSetUpOnly) {
    say(`unknown command '${name}'; there are: ${[...Object.keys(commands), 'pnpm', 'setup'].join(', ')}`);
    process.exit(2);
  }
  // `pnpm` itself must run when the lockfile is behind, because it is what brings the lockfile up to date.
  if (isPnpm && existsSync(toolchainPnpm) && existsSync(node)) return run([toolchainPnpm, ...args], root);
  if (!isSetUp(setupHash())) await setUp();
  if (isSetUpOnly) return { code: 0, signal: null };
  if (command === undefined) return run([toolchainPnpm, ...args], root);
  const lines = command.lines.map(([script = '', ...rest]) => [join(root, script), ...rest]);
  const cwd = command.from === 'caller' ? callerFolder() : root;
  /** @type {End} */
  let worst = { code: 0, signal: null };
  for (const [index, line] of lines.entries()) {
    const end = await run(index === lines.length - 1 ? [...line, ...args] : line, cwd);
    if (end.signal !== null) return end;
    if (end.code !== 0) worst = end;
  }
  return worst;
}

try {
  const end = await main();
  if (end.signal !== null) process.kill(process.pid, end.signal);
  process.exitCode = end.code ?? 1;
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(`set-up failed. ${error.message}`);
  say(`the whole log is in ${logPath}`);
  process.exitCode = 1;
}
