// `tally publish` and `tally join`: a book as files that any host serves, and a device that starts from them.
import { parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import { RelayError } from '@tallystick/relay-protocol';
import { type Mirror, type MirrorCheck, openMirror, publishIndex, publishLog } from '@tallystick/relay-protocol/mirror';
import { nodeEd25519 } from '@tallystick/sign/node';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keysFolder, type ShopBook, shopVerbs } from '../book.ts';
import { type Command, type CommandContext, dataOption, usage } from '../command.ts';
import { OfficeError } from '../errors.ts';
import { homeAt, readSettings, settingsOf, takeHome, writeSettings } from '../home.ts';
import { folderPlace, keepOnly, mirrorSource } from '../mirror-folder.ts';
import { grouped } from '../progress.ts';
import { findingWords } from '../relay-words.ts';
import { noteWritten } from '../written.ts';
import { requireData } from './init.ts';
import { readingCommand } from './reading.ts';
import { bookOption } from './sync.ts';

export const publish: Command = readingCommand({
  name: 'publish',
  summary: 'Write the settled logs, and a snapshot, to a folder that any file host serves; again to add what is new.',
  operands: 'DIR',
  options: {
    scopes: {
      type: 'string',
      value: 'A,B',
      help: 'publish these logs only, and no snapshot; whoever reads the folder reads them',
    },
  },
  notes: 'The folder holds everything that was sold. `tally join --mirror` starts a device from it.',
  async answer(book, context) {
    const folder = context.path(context.positionals[0] as string);
    const place = folderPlace(folder);
    const check = checkOf(book.status().relayKey ?? '', 'publish');
    const all = book
      .status()
      .scopes.filter(({ scope }) => book.log.tip(scope).note !== '')
      .map(({ scope }) => scope);
    const chosen = context.text('scopes');
    const scopes = chosen === undefined ? all : all.filter((scope) => chosen.split(',').includes(scope));
    const unknown = chosen?.split(',').filter((name) => !all.some((scope) => scope === name)) ?? [];
    if (unknown.length > 0 || scopes.length === 0)
      throw new OfficeError(
        'office/mirror',
        `nothing is settled under the relay's signature in ${unknown.join(', ') || 'this book'}`,
      );
    await publishIndex(place, { book: book.id, scopes });
    const logs = [];
    for (const scope of scopes) {
      const { size, note } = book.log.tip(scope);
      const records = (from: number, limit: number): ReturnType<typeof book.log.settled> =>
        book.log.settled(scope, from, limit);
      const base = book.log.base(scope).size;
      logs.push({
        scope,
        size,
        before: await publishLog(place, { book: book.id, scope, size, note, base, records }, check),
      });
    }
    noteWritten(homeAt(requireData(context.text('data'), 'publish', context.path)), 'mirror', folder);
    const shards = chosen === undefined ? await publishSnapshot(book, folder) : 0;
    return {
      status: 0,
      json: { book: book.id, relayKey: book.status().relayKey, folder, logs, shards },
      lines: [
        ...logs.map(
          ({ scope, size, before }) => `${scope}: ${grouped(size)} ops, ${grouped(size - before)} of them new`,
        ),
        `a device starts from it with: tally join --mirror DIR-OR-URL --book ${book.id} --relay ${book.status().relayKey}`,
      ],
    };
  },
});

/** Shards have the names of their contents, so those of the snapshot before stay until this one is whole. */
async function publishSnapshot(book: ShopBook, folder: string): Promise<number> {
  const place = folderPlace(join(folder, 'snapshot'));
  const { manifest, shards } = await book.saveSnapshot(place);
  await book.saveSnapshotProof(place);
  const names = manifest.scopes.flatMap((scope) => scope.shards.map(({ digest }) => digest));
  keepOnly(join(folder, 'snapshot'), new Set([...names, 'manifest', 'proof']));
  return shards;
}

export const joinMirror: Command = {
  name: 'join',
  summary: 'Start a device, to read only, from what `tally publish` wrote, and verify it to what the relay signed.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: {
    data: dataOption,
    mirror: { type: 'string', value: 'DIR|URL', help: 'where it was published' },
    book: bookOption,
    relay: { type: 'string', value: 'VKEY', help: "the relay's key as you were given it: name+id+key" },
    scopes: { type: 'string', value: 'A,B', help: 'these logs only' },
    snapshot: { type: 'boolean', help: 'begin from the rows that were published, and read only what came after' },
  },
  notes:
    'Run again it takes in what was published since. The device writes nothing before it was enrolled and has met the relay (`tally sync`).',
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'join', context.path));
    const lock = takeHome(home);
    try {
      const where = context.text('mirror');
      if (where === undefined) throw usage('--mirror DIR or URL is missing', 'join');
      if (existsSync(home.officeFile))
        throw new OfficeError('office/mirror', `${home.root}: an office follows its relay`);
      const settings = readSettings(home) ?? settingsOf(undefined);
      const id = parseBookId(context.text('book') ?? settings.book);
      if (id === undefined) throw usage('--book ID is missing, or is none', 'join');
      const source = mirrorSource(/^https?:/.test(where) ? where : context.path(where));
      mkdirSync(dirname(home.deviceFile), { recursive: true });
      const relayKey = context.text('relay');
      if (relayKey !== undefined) checkOf(relayKey, 'join');
      const snapshot = { from: { load: (name: string) => source.load(`snapshot/${name}`) } };
      const book = await openBook({
        store: nodeStore(home.deviceFile, { keysDir: keysFolder(home.deviceFile) }),
        verbs: shopVerbs,
        book: id,
        ...(relayKey === undefined ? {} : { relayKey }),
        ...(context.flag('snapshot') ? { snapshot } : {}),
      });
      try {
        const mirror = openMirror(source, checkOf(book.status().relayKey ?? '', 'join'));
        const { settled } = await readOrAccuse(book, mirror, scopesOf(context));
        writeSettings(home, { ...settings, book: id });
        const tips = book.status().scopes.map(({ scope }) => ({ scope, size: book.log.tip(scope).size }));
        const trust = book.status().snapshot?.trust ?? '';
        const json = { book: id, settled, logs: tips, snapshot: trust, digest: book.digest().digest };
        const lines = tips.map(({ scope, size }) => `${scope}: ${grouped(size)} ops, as the relay signed them`);
        if (trust !== '') lines.push(`begun from a snapshot: ${trust}`);
        for (const line of context.json ? [JSON.stringify(json)] : lines) context.print(line);
        return 0;
      } finally {
        await book.close();
      }
    } finally {
      lock.release();
    }
  },
};

/** What a mirror showed may convict the relay: that is said beside what is wrong with the mirror. */
async function readOrAccuse(
  book: Pick<ShopBook, 'readMirror' | 'status'>,
  mirror: Mirror,
  scopes: readonly Scope[] | undefined,
): ReturnType<ShopBook['readMirror']> {
  try {
    return await book.readMirror(mirror, scopes);
  } catch (error) {
    const words = book.status().relayFindings.map((finding) => `RELAY CONVICTED: ${findingWords(finding)}`);
    if (words.length === 0 || !(error instanceof RelayError)) throw error;
    const said = `${error.message}. ${words.join('. ')} (tally status --proofs DIR writes the proof)`;
    throw new OfficeError('office/mirror', said, { cause: error });
  }
}

function scopesOf(context: CommandContext): readonly Scope[] | undefined {
  return context
    .text('scopes')
    ?.split(',')
    .map((name) => {
      const scope = parseScope(name);
      if (scope === undefined) throw usage(`${JSON.stringify(name)} is not the name of a scope`, 'join');
      return scope;
    });
}

function checkOf(vkey: string, command: string): MirrorCheck {
  const key = parseVerifierKey(vkey, nodeHasher);
  if (key.ok) return { relay: key.value, verify: nodeEd25519.verify.bind(nodeEd25519), hasher: nodeHasher };
  if (command === 'join') throw usage('--relay VKEY is missing, or is no key of a relay', command);
  throw new OfficeError(
    'office/mirror',
    'this book has followed no relay yet, and what no relay signed is not published',
  );
}
