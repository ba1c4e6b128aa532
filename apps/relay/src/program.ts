// The program: `npm run --silent relay -- --data DIR` with the options of its README runs a relay, `... relay -- health URL` asks how one is.
import { isMainThread } from 'node:worker_threads';
import { parseArgs } from 'node:util';
import { type BookId, parseBookId } from '@tallystick/oplog';
import { parseEngine } from './engine.ts';
import { type Backup, backupRelay, restoreRelay } from './backup.ts';
import { askHealth } from './health.ts';
import { createJsonLog, errorToFields } from './log.ts';
import { tracingOf } from './tracing-options.ts';
import { onStop } from './signals.ts';
import { type RunningRelay, type StartRelayOptions, startRelay } from './start-relay.ts';
import { keepNewObjectsYoung } from './young-objects.ts';

const usage =
  'usage: relay --data DIR [--port 7101] [--host 127.0.0.1] [--name NAME] [--book ID]... [--public] [--url URL]\n' +
  '       [--metrics [HOST:]PORT] [--drain SECONDS] [--book-quota BYTES]\n' +
  '       [--home URL [--home-key VKEY] --book ID...]\n' +
  '       [--engine sqlite]\n' +
  '       [--engine postgres --server URL... [--standby required] [--keys URL | --keys take]]\n' +
  '       [--engine nats --server URL... --monitor URL... [--stream NAME] [--credentials FILE]\n' +
  '        [--keys URL | --keys take]]\n' +
  '   or: relay backup FOLDER --data DIR\n' +
  '   or: relay restore FOLDER --data DIR\n' +
  '   or: relay health URL [--wait SECONDS]\n';

const maxWaitSeconds = 3_600;
const openBookQuota = '16GiB';

function parseOptions(args: string[]): StartRelayOptions | undefined {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: text,
        data: text,
        host: text,
        name: text,
        url: text,
        public: { type: 'boolean' },
        engine: text,
        server: texts,
        monitor: texts,
        stream: text,
        credentials: text,
        standby: text,
        keys: text,
        book: texts,
        metrics: text,
        drain: text,
        'book-quota': text,
        home: text,
        'home-key': text,
      },
    });
    const port = Number(values.port ?? 7101);
    const books = values.book?.map(parseBookId);
    const isUrl = values.url === undefined || isHttpUrl(values.url);
    const engine = parseEngine(values, process.env);
    // Whoever may open a book must not fill the disk with it.
    const isOpen = books === undefined && values.home === undefined && values.engine !== 'nats';
    const quota = values['book-quota'] ?? (isOpen ? openBookQuota : undefined);
    const operation = parseOperation(values.drain, values.metrics, quota);
    const following = parseHome(values.home, values['home-key'], books);
    if (
      engine === undefined ||
      following === undefined ||
      // The notes of the home relay lie in the outbox, which is a file of this machine.
      (following.home !== undefined && engine.kind !== 'sqlite') ||
      operation === undefined ||
      !isUrl ||
      values.data === undefined ||
      !isPortNumber(port) ||
      books?.includes(undefined)
    )
      return undefined;
    return {
      dataDir: values.data,
      port,
      engine,
      ...operation,
      ...(values.host === undefined ? {} : { host: values.host }),
      ...(values.name === undefined ? {} : { name: values.name }),
      ...(values.public === true ? { reads: 'public' } : {}),
      ...(values.url === undefined ? {} : { publicUrl: values.url }),
      ...(books === undefined ? {} : { books: books as BookId[] }),
      ...following,
    };
  } catch {
    return undefined;
  }
}

/** How it is watched, stopped and bounded; undefined where one of the options says nothing that can be. */
function parseOperation(
  drain = '0',
  address?: string,
  quota?: string,
): Pick<StartRelayOptions, 'drainMs' | 'metrics' | 'limits' | 'tracing'> | undefined {
  const drainSeconds = Number(drain);
  const metrics = address === undefined ? undefined : parseAddress(address);
  const maxBookBytes = parseBytes(quota);
  const isDrain = drainSeconds >= 0 && drainSeconds <= maxWaitSeconds;
  if (!isDrain || maxBookBytes === undefined || (address !== undefined && metrics === undefined)) return undefined;
  const tracing = tracingOf(process.env);
  return {
    drainMs: drainSeconds * 1000,
    limits: { maxBookBytes },
    ...(metrics === undefined ? {} : { metrics }),
    ...(tracing === undefined ? {} : { tracing }),
  };
}

/** Nothing where no home relay is named, undefined where its options do not fit. */
function parseHome(
  url: string | undefined,
  vkey: string | undefined,
  books: readonly (BookId | undefined)[] = [],
): Pick<StartRelayOptions, 'home'> | undefined {
  if (url === undefined) return vkey === undefined ? {} : undefined;
  if (!isHttpUrl(url) || books.length === 0) return undefined;
  return { home: { url, books: books as BookId[], ...(vkey === undefined ? {} : { vkey }) } };
}

/** Status 0 when it is ready, 1 when it is not. */
async function health(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { wait: { type: 'string' } }, allowPositionals: true });
  const [url = '', ...rest] = positionals;
  const waitSeconds = Number(values.wait ?? 0);
  if (rest.length > 0 || !isHttpUrl(url) || !(waitSeconds >= 0 && waitSeconds <= maxWaitSeconds)) return misused();
  const said = await askHealth(url, waitSeconds);
  process.stdout.write(`${said}\n`);
  return said === 'ready' ? 0 : 1;
}

function misused(): number {
  process.stderr.write(usage);
  return 2;
}

function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

/** A number, or one of KiB, MiB, GiB or TiB; nothing is no bound. */
function parseBytes(text: string | undefined): number | undefined {
  if (text === undefined || text === 'none') return Number.POSITIVE_INFINITY;
  const [, digits = '', unit] = /^(\d{1,15})(?:([KMGT])iB)?$/.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** (unit === undefined ? 0 : 'KMGT'.indexOf(unit) + 1);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** `[HOST:]PORT`. */
function parseAddress(text: string): { port: number; host?: string } | undefined {
  const [, host, digits = ''] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  const port = digits === '' ? Number.NaN : Number(digits);
  if (!isPortNumber(port)) return undefined;
  return host === undefined ? { port } : { port, host: host.replace(/^\[(.*)\]$/, '$1') };
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

async function serve(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) return misused();
  keepNewObjectsYoung();
  const log = createJsonLog((text) => process.stderr.write(text));
  let relay: RunningRelay | undefined;
  const stop = async (): Promise<void> => {
    // While it starts nothing was acknowledged yet, and an engine may be waited for in vain: process 1 of a container has no other end than this.
    if (relay === undefined) log({ level: 'info', event: 'stopped' });
    else
      await relay.close().catch((error: unknown) => {
        log({ level: 'error', event: 'failed', ...errorToFields(error) });
        process.exitCode = 1;
      });
    // A connection to an engine that hangs would hold it for ever.
    process.exit();
  };
  onStop(() => void stop());
  try {
    relay = await startRelay({ ...options, log });
    return 0;
  } catch (error) {
    log({ level: 'error', event: 'not-started', ...errorToFields(error) });
    return 1;
  }
}

/** `backup FOLDER` and `restore FOLDER`: what is in the backup, in one line. */
function copying(work: (dataDir: string, folder: string) => Promise<Backup>): (args: string[]) => Promise<number> {
  return async (args) => {
    const { values, positionals } = parseArgs({ args, options: { data: { type: 'string' } }, allowPositionals: true });
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length > 0 || values.data === undefined) return misused();
    try {
      const { ops, books, takenAt } = await work(values.data, folder);
      process.stdout.write(`books ${books}, ops ${ops}, as of ${takenAt}\n`);
      return 0;
    } catch (error) {
      process.stderr.write(`relay: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  };
}

const commands: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  health,
  backup: copying(backupRelay),
  restore: copying((dataDir, folder) => restoreRelay(folder, dataDir)),
};

async function main(args: string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  // Wrong options throw, and nothing else does.
  return command === undefined ? serve(args) : command(rest).catch(misused);
}

// Built into one file, the program is that of its thread for HTTP as well.
if (isMainThread) process.exitCode = await main(process.argv.slice(2));
