// What fixtures/ promises of its vectors, and that the checker goes red over a single one that is wrong.
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRefusal, judgedOtherwise } from '../vectors-check.mjs';
import { readVectors } from '../vectors/files.mjs';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: unknown;
  readonly expect: Readonly<Record<string, unknown>>;
}

const files = readVectors() as unknown as readonly (readonly [file: string, vectors: readonly Vector[]])[];

/** The value with its last text, number or truth value changed; undefined where it holds none. */
function change(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return value.endsWith('1') ? `${value.slice(0, -1)}2` : `${value.slice(0, -1)}1`;
  const entries = Object.entries(value ?? {});
  for (const [key, inner] of entries.toReversed()) {
    const changed = change(inner);
    if (changed === undefined) continue;
    return Array.isArray(value) ? value.with(Number(key), changed) : { ...(value as object), [key]: changed };
  }
  return undefined;
}

/** The order of ids alone, which forgets causes and copies. */
function orderByIdAlone(input: { readonly ops: readonly { readonly id: string; readonly hash: string }[] }): object {
  const ops = input.ops.toSorted((a, b) => (a.id + a.hash < b.id + b.hash ? -1 : 1));
  return { order: ops.map(({ hash }) => hash) };
}

/** The root of a tree that doubles the last node of an odd row, as some do. */
function rootOfFullRows(input: { readonly leaves: readonly string[] }): object {
  const hash = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  let row = input.leaves.map((leaf) => hash(Buffer.of(0), Buffer.from(leaf, 'hex')));
  while (row.length > 1) {
    const last = row.at(-1) as Buffer;
    const full = row.length % 2 === 0 ? row : [...row, last];
    row = full.flatMap((left, i) => (i % 2 === 0 ? [hash(Buffer.of(1), left, full[i + 1] as Buffer)] : []));
  }
  return { root: (row[0] ?? hash()).toString('hex') };
}

/** Where no input can be refused: what a simpler rule makes of one. */
const simplerRules: Readonly<Record<string, (input: never) => object>> = {
  'op/order': orderByIdAlone,
  'chain/tree': rootOfFullRows,
};

describe.each(files)('%s', (file, vectors) => {
  it('has cases of name, why, input and expect, each name once', () => {
    for (const vector of vectors) {
      expect(Object.keys(vector)).toEqual(['name', 'why', 'input', 'expect']);
      expect([vector.name, vector.why]).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\S/)]);
    }
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  });

  it('refuses at least as often as it accepts, or else sees simpler rules go wrong as often', () => {
    const simpler = simplerRules[file];
    const isHard = (vector: Vector): boolean => {
      if (simpler === undefined) return isRefusal(vector.expect);
      const [[member, made] = []] = Object.entries(simpler(vector.input as never));
      return JSON.stringify(made) !== JSON.stringify(vector.expect[member as string]);
    };
    const hard = vectors.filter(isHard).length;
    expect(hard).toBeGreaterThanOrEqual(vectors.length / 2);
    expect(hard).toBeLessThan(vectors.length);
  });

  it('is red over each case whose verdict is changed, and over no other', () => {
    const some = vectors.filter((_, i) => i % Math.ceil(vectors.length / 12) === 0);
    const planted = some.map((vector, i) => {
      const changed = i % 2 === 0 ? change(vector.expect) : undefined;
      return { vector, isPlanted: changed !== undefined, given: { ...vector, expect: changed ?? vector.expect } };
    });
    const wrong = planted.filter(({ isPlanted }) => isPlanted).map(({ vector }) => vector.name);
    expect(wrong.length).toBeGreaterThan(0);
    expect(
      judgedOtherwise(
        file,
        planted.map(({ given }) => given),
      ),
    ).toEqual(wrong);
  });

  it('is red when what it accepts is changed', () => {
    const isRed = (vector: Vector): boolean => {
      try {
        return judgedOtherwise(file, [vector]).length > 0;
      } catch {
        // What is not even the input of a case.
        return true;
      }
    };
    const changed = vectors.flatMap((vector) => {
      const input = isRefusal(vector.expect) ? undefined : change(vector.input);
      return input === undefined ? [] : [{ ...vector, input }];
    });
    expect(changed.some(isRed)).toBe(true);
  });
});

it('there is a judge for every file, and none for a file that is not there', () => {
  expect(files.length).toBeGreaterThanOrEqual(33);
  expect(judgedOtherwise('op/none', [{ name: 'x', why: '', input: {}, expect: {} }])).toEqual(['x']);
});

describe.each(['op', 'chain', 'sign', 'tally', 'token'])('docs/spec/%s.md', (spec) => {
  const text = readFileSync(new URL(`../../docs/spec/${spec}.md`, import.meta.url), 'utf8');
  const rows = /^## Refusal codes$(.*?)^## /ms.exec(text)?.[1]?.match(/^\|.*?\|/gm) ?? [];
  const listed = rows.flatMap((row) => row.match(/(?<=`)[a-z]+\/[a-z-]+(?=`)/g) ?? []);
  const expected = new Set<string>();
  for (const [file, vectors] of files) {
    const codes = JSON.stringify(file.startsWith(`${spec}/`) ? vectors.map((vector) => vector.expect) : []).match(
      /(?<=")(refused |waits )?[a-z]+\/[a-z-]+(?=")/g,
    );
    for (const code of codes ?? []) expected.add(code.replace(/^(refused|waits) /, ''));
  }

  it('lists no code that no vector expects', () => {
    // No JSON holds a value that JSON cannot hold.
    const unseen = listed.filter((code) => !expected.has(code) && code !== 'canonical/type');
    expect([listed.length > 5, unseen]).toEqual([true, []]);
  });

  it('explains every code that a vector expects, itself or by another spec', () => {
    const here = [...expected].filter((code) => !listed.includes(code) && !text.includes(`\`${code}\``));
    expect(here.filter((code) => !/^(op|canonical)\//.test(code) || spec === 'op')).toEqual([]);
  });
});

it('fixtures/README.md names every file of vectors, and every file that checks them', () => {
  const text = readFileSync(new URL('../../fixtures/README.md', import.meta.url), 'utf8');
  const named = { files: [] as string[], checkers: [] as string[] };
  for (const [, listed = '', checkers = ''] of text.matchAll(/^\|[^|]*\|([^|]*)\|([^|]*)\|$/gm)) {
    const [first = '', ...names] = listed.match(/(?<=`)[a-z/-]+(?=`)/g) ?? [];
    named.files.push(...(first.endsWith('/') ? names.map((name) => first + name) : [first].filter(Boolean)));
    named.checkers.push(...(checkers.match(/(?<=`)[a-z-]+\.mjs(?=`)/g) ?? []));
  }
  const sources = globSync('*.mjs', { cwd: fileURLToPath(new URL('../vectors', import.meta.url)) });
  expect(named.files.sort()).toEqual(files.map(([file]) => file));
  expect(named.checkers.sort()).toEqual(
    sources.filter((source) => !['bytes.mjs', 'files.mjs'].includes(source)).sort(),
  );
});

const maxLines = 150;
const maxLinesInAll = 2_500;

/** What a file of the checker imports and may not, and how much too long it is. Only one of them reads the disk. */
function faultsOf(source: string, text: string): string[] {
  const allowed = source.endsWith('/files.mjs') ? /^node:fs$/ : /^(\.\/[a-z/-]+\.mjs|node:crypto)$/;
  const imported = [...text.matchAll(/\bfrom '(.*?)'|\bimport '(.*?)'/g)].map(([, from, bare]) => from ?? bare ?? '');
  const elsewise = text.match(/\b(import|require|getBuiltinModule)\b\s*\(|from "/g) ?? [];
  const tooLong = text.trimEnd().split('\n').length - maxLines;
  const faults = [...imported.filter((from) => !allowed.test(from)), ...elsewise];
  return tooLong > 0 ? [...faults, `${tooLong} lines too long`] : faults;
}

describe('the checker', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const sources = globSync('vectors{-check.mjs,/*.mjs}', { cwd: root });
  const texts = sources.map((source) => readFileSync(`${root}/${source}`, 'utf8'));

  it.each(sources.map((source, i) => [source, texts[i] as string]))(
    '%s is short, and imports nothing of the packages',
    (source, text) => {
      expect(faultsOf(source, text)).toEqual([]);
    },
  );

  it('is of several files, and short in all', () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(texts.join('').trimEnd().split('\n').length).toBeLessThanOrEqual(maxLinesInAll);
  });

  it('would be told', () => {
    const planted =
      "import { parseOp } from '@tallystick/oplog';\nimport 'node:fs';\nconst fs = await import('node:fs');\n";
    expect(faultsOf('vectors/op.mjs', planted)).toEqual(['@tallystick/oplog', 'node:fs', 'import(']);
    expect(faultsOf('vectors/files.mjs', "import { sha256 } from './bytes.mjs';\n".repeat(151)).at(-1)).toBe(
      '1 lines too long',
    );
  });
});
