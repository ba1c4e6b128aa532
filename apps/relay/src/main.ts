// `npm run --silent relay -- --data DIR [--port 7101] [--host 127.0.0.1] [--name relay.example] [--book ID]... [--public] [--url URL]`,
// and where its logs are: `[--engine postgres --server URL... [--standby required] | --engine nats --server URL... --monitor URL...]`.
import { parseArgs } from 'node:util';
import { type BookId, parseBookId } from '@tallystick/oplog';
import { parseEngine } from './engine.ts';
import { createJsonLog, errorToFields } from './log.ts';
import { type StartRelayOptions, startRelay } from './start-relay.ts';

const usage =
  'usage: relay --data DIR [--port 7101] [--host 127.0.0.1] [--name NAME] [--book ID]... [--public] [--url URL]\n' +
  '       [--engine sqlite]\n' +
  '       [--engine postgres --server URL... [--standby required]]\n' +
  '       [--engine nats --server URL... --monitor URL... [--stream NAME] [--credentials FILE]]\n';

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
        book: texts,
      },
    });
    const port = Number(values.port ?? 7101);
    const books = values.book?.map(parseBookId);
    const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
    const isUrl = values.url === undefined || /^https?:$/.test(URL.parse(values.url)?.protocol ?? '');
    const engine = parseEngine(values, process.env);
    if (engine === undefined || !isUrl || values.data === undefined || !isPort || books?.includes(undefined))
      return undefined;
    return {
      dataDir: values.data,
      port,
      engine,
      ...(values.host === undefined ? {} : { host: values.host }),
      ...(values.name === undefined ? {} : { name: values.name }),
      ...(values.public === true ? { reads: 'public' } : {}),
      ...(values.url === undefined ? {} : { publicUrl: values.url }),
      ...(books === undefined ? {} : { books: books as BookId[] }),
    };
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const log = createJsonLog((text) => process.stderr.write(text));
  try {
    const relay = await startRelay({ ...options, log });
    const stop = (): void => void relay.close();
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  } catch (error) {
    log({ level: 'error', event: 'not-started', ...errorToFields(error) });
    process.exitCode = 1;
  }
}

await main();
