// The fuzzer of whole fleets: sound programs pass, and every planted bug is found, made small, and kept.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Book } from '@tallystick/kernel';
import { type Action, createDice } from '@tallystick/testkit';
import { runCommand } from '@tallystick/testkit/node';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
// Faults are planted inside the kernel, where no export reaches.
import { PutBuffers } from '../../kernel/src/row-cache.ts';
import { TouchIndex } from '../../kernel/src/touch-index.ts';
import { createCrashPoint } from '../src/crash.ts';
import { createDisk } from '../src/disk.ts';
import { lastShelf, type Plant, plants } from '../src/plants.ts';
import { createNodeSurroundings } from '../src/node-surroundings.ts';
import { simulate } from '../src/simulate.ts';
import { drawTrace, type WorldEvent } from '../src/trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

interface Ran {
  readonly code: number;
  readonly lines: readonly string[];
}

async function run(line: string): Promise<Ran> {
  const lines: string[] = [];
  const code = await runCommand(line.split(' '), (text) => lines.push(text));
  return { code, lines };
}

/** The events that are said to be enough. */
const eventsOf = ({ lines }: Ran): readonly { kind: string }[] =>
  lines.filter((line) => line.startsWith('        {')).map((line) => JSON.parse(line) as { kind: string });

/** Small traces that pass, and that fail where the bug is planted, with what is then said. */
const cases: Readonly<Record<Plant | 'merge-ignores-touch', readonly WorldEvent[]>> = {
  'relay-drops': [
    { kind: 'note', member: 1, shelf: 0 },
    { kind: 'note', member: 2, shelf: 0 },
  ],
  'relay-renumbers': [
    { kind: 'weather', member: 2, oneIn: 2 },
    ...Array.from({ length: 12 }, () => pushedNote(2)).flat(),
  ],
  'relay-shuffles': [{ kind: 'note', member: 1, shelf: 0 }],
  'verb-miscounts': [{ kind: 'note', member: 1, shelf: 0 }],
  'rows-edited': [{ kind: 'attest', member: 2 }],
  'key-copied': [
    { kind: 'note', member: 1, shelf: 0 },
    { kind: 'clone', member: 1, to: 2 },
  ],
  'shard-altered': [{ kind: 'replace', member: 1, from: 0 }],
  'archive-lost': [
    { kind: 'sync', member: 1, lossy: false },
    { kind: 'archive', member: 1 },
  ],
  'verb-remembers': [
    { kind: 'note', member: 1, shelf: 2 },
    { kind: 'note', member: 1, shelf: 2 },
    { kind: 'note', member: 2, shelf: 2 },
    { kind: 'note', member: 3, shelf: 2 },
  ],
  'disk-forgets': [
    { kind: 'crash', member: 3, calls: 3 },
    { kind: 'note', member: 3, shelf: 1 },
    { kind: 'trade', device: 3, afterMs: 60_000, action: { kind: 'open-session', floatMinor: 6089 } },
  ],
  'merge-ignores-touch': [
    { kind: 'trade', device: 3, afterMs: 250, action: { kind: 'receive', lines: [{ product: 614, quantity: 7 }] } },
    { kind: 'trade', device: 2, afterMs: 1, action: sale(384, 12) },
    { kind: 'trade', device: 3, afterMs: 1, action: sale(614, 8) },
    { kind: 'trade', device: 2, afterMs: 1, action: sale(614, 8) },
  ],
};

function pushedNote(member: number): readonly WorldEvent[] {
  return [
    { kind: 'note', member, shelf: 0 },
    { kind: 'push', member },
  ];
}

/** By what each planted bug is found. */
const said: Readonly<Record<Plant, string>> = {
  'relay-drops': 'relay/rolled-back',
  'relay-renumbers': 'relay/inconsistent: the relay signed that op',
  'relay-shuffles': 'an op comes before one that it builds on',
  'verb-remembers': 'answered the same question in two ways',
  'verb-miscounts': 'not so that on-hand is the sum of movements',
  'disk-forgets': 'in a crash',
  'rows-edited': 'till-2 ends in another digest than the office',
  'key-copied': 'till-1 wrote two ops at place 1',
  'shard-altered': 'cannot be unpacked',
  'archive-lost': 'are in no archive that was given',
};

function sale(product: number, quantity: number): Action {
  return { kind: 'sale', lines: [{ product, quantity }], payment: 'account' };
}

function keepOf(name: string, events: readonly WorldEvent[]): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify([{ seed: 1, events }]));
  return path;
}

describe('the command', () => {
  it('finds nothing in sound programs, twice the same', async () => {
    const first = await run('fuzz --seed 1 --runs 1 --ops 25');
    expect(first.lines).toEqual([expect.stringMatching(/^fuzz: 1 runs \(0 kept\), \d+ ops acknowledged, 0 failed/)]);
    expect(first.code).toBe(0);
    expect(await run('fuzz --seed 1 --runs 1 --ops 25')).toEqual(first);
  });

  it('names its version where there is no commit', async () => {
    vi.stubEnv('GIT_DIR', folder);
    const { lines } = await run('fuzz --runs 0');
    vi.unstubAllEnvs();
    expect(lines).toEqual([expect.stringMatching(/, @tallystick\/testkit \d+\.\d+\.\d+$/)]);
  });

  it('sees a planted bug, and that it is gone', async () => {
    const keep = keepOf('disk-forgets', cases['disk-forgets']);
    const found = await run(`fuzz --runs 0 --keep ${keep} --plant disk-forgets`);
    expect(found.lines[0]).toMatch(/^FAIL {2}seed 1, commit \w+, \d+ events$/);
    expect(found.code).toBe(1);
    const sound = await run(`fuzz --runs 0 --keep ${keep}`);
    expect(sound.lines).toEqual([expect.stringMatching(/^fuzz: 1 runs \(1 kept\), .* 0 failed/)]);
    expect(sound.code).toBe(0);
  });

  it('sees a merge that does not look at what ops touched', async () => {
    const keep = keepOf('touch', cases['merge-ignores-touch']);
    expect((await run(`fuzz --runs 0 --keep ${keep}`)).code).toBe(0);
    vi.spyOn(TouchIndex.prototype, 'conflicts').mockReturnValue(false);
    expect((await run(`fuzz --runs 0 --keep ${keep}`)).code).toBe(1);
  });

  it('sees a batch that does not look at whether its rows were there', async () => {
    const note = { kind: 'note', member: 2, shelf: lastShelf } as const;
    // Where something of another is pending, ops are merged one by one.
    const other: Action = { kind: 'sale', lines: [{ product: 868, quantity: 4 }], payment: 'short' };
    const keep = keepOf('batch', [note, note, { kind: 'trade', device: 3, afterMs: 3_600_000, action: other }]);
    expect((await run(`fuzz --runs 0 --keep ${keep}`)).code).toBe(0);
    vi.spyOn(PutBuffers.prototype, 'comesLast').mockReturnValue(true);
    expect((await run(`fuzz --runs 0 --keep ${keep}`)).code).toBe(1);
  });

  it('makes small what fails, keeps it, and runs it first from then on', async () => {
    const keep = join(folder, 'kept.json');
    let seed = 1;
    while (!drawTrace(seed, 12).events.some(({ kind }) => kind === 'rotate')) seed += 1;
    vi.spyOn(Book.prototype, 'rotate').mockRejectedValue(new Error('a bug of the day'));
    const found = await run(`fuzz --seed ${seed} --runs 1 --ops 12 --keep ${keep}`);
    expect(found.code).toBe(1);
    expect(found.lines.join('\n')).toContain('a bug of the day');
    expect(eventsOf(found)).toEqual([{ kind: 'rotate', member: expect.any(Number) }]);
    expect(JSON.parse(readFileSync(keep, 'utf8'))).toEqual([{ seed, events: eventsOf(found) }]);
    vi.restoreAllMocks();
    expect((await run(`fuzz --runs 0 --keep ${keep}`)).lines).toEqual([expect.stringContaining('1 runs (1 kept)')]);
  });

  it('finds mended what ever failed', async () => {
    const keep = join(folder, 'failed.json');
    cpSync(new URL('failed-traces.json', import.meta.url), keep);
    expect(await run(`fuzz --runs 0 --keep ${keep}`)).toMatchObject({ code: 0 });
  });

  it('goes through the same seeds in threads', async () => {
    const alone = await run('fuzz --seed 7 --runs 2 --ops 6 --threads 1');
    expect(await run('fuzz --seed 7 --runs 2 --ops 6 --threads 2')).toEqual(alone);
    const found = await run('fuzz --seed 7 --runs 2 --ops 3 --threads 2 --plant rows-edited');
    expect(found.lines.filter((line) => line.startsWith('FAIL'))).toEqual([
      expect.stringContaining('seed 7'),
      expect.stringContaining('seed 8'),
    ]);
  });

  it.each(['', 'fuzz --runs many', 'fuzz --threads -1', 'fuzz --plant rumour', 'fuzz --unheard-of', 'play'])(
    'refuses "%s"',
    async (line) => {
      const { code, lines } = await run(line);
      expect(code).toBe(2);
      expect(lines[0]).toContain('--seed S');
    },
  );
});

describe('the invariants', () => {
  const simulated = async (events: readonly WorldEvent[], plant: Plant | undefined) =>
    simulate({ seed: 1, events }, await createNodeSurroundings(plant));

  it.each(Object.keys(plants) as Plant[])(
    'are broken by %s and by nothing else',
    { timeout: 60_000 },
    async (plant) => {
      expect((await simulated(cases[plant], undefined)).failures).toEqual([]);
      expect((await simulated(cases[plant], plant)).failures.join('\n')).toContain(said[plant]);
    },
  );
});

describe('a trace', () => {
  it('is the same for the same seed, and holds everything that happens sooner or later', () => {
    expect(drawTrace(7, 50)).toEqual(drawTrace(7, 50));
    expect(drawTrace(7, 50)).not.toEqual(drawTrace(8, 50));
    const kinds = new Set(drawTrace(1, 5_000).events.map(({ kind }) => kind));
    expect([...kinds].sort().join(' ')).toBe(
      'adopt again archive attest clock clone crash cut damaged file guest image late note part push renew reopen replace revoke rotate sync trade upgrade weather',
    );
  });
});

describe('a disk', () => {
  const never = createCrashPoint(Number.MAX_SAFE_INTEGER);
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  /** What may be there after the power was cut, over many cuts. */
  function outcomes(forgetsFlush: boolean): ReadonlySet<string> {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = createDisk({ forgetsFlush });
      const file = disk.open(never);
      file.write(0, bytes('safe'));
      file.flush();
      file.write(4, bytes('!?'));
      file.write(0, bytes('SAFE'));
      expect(new TextDecoder().decode(file.read(0, file.size()))).toBe('SAFE!?');
      disk.cutPower(createDice(seed));
      const left = disk.open(never);
      seen.add(new TextDecoder().decode(left.read(0, left.size())));
    }
    return seen;
  }

  it('keeps what was flushed, and of the rest anything or nothing', () => {
    const left = outcomes(false);
    for (const text of ['safe', 'safe!?', 'SAFE!?']) expect(left).toContain(text);
    for (const text of left) expect(text.toLowerCase().startsWith('safe')).toBe(true);
  });

  it('that lies loses what was flushed', () => {
    expect(outcomes(true)).toContain('');
  });
});
