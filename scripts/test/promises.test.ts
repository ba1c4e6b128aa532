// docs/promises.md names properties that are there and draw their cases, and claims that witnesses make; what breaks each claim runs in witnesses/test.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimNames } from '../../witnesses/claim.ts';
import { witnesses } from '../../witnesses/witnesses.ts';
import { readDocument, repository } from './markdown.ts';

interface Row {
  readonly promise: string;
  readonly properties: readonly { readonly path: string; readonly title: string }[];
  readonly claims: readonly string[];
}

function rowsOf(text: string): readonly Row[] {
  return [...text.matchAll(/^\| (?!\*\*|promise )(.+) \| (.+) \| (.+) \|$/gm)].map(
    ([, promise = '', tried = '', said = '']) => ({
      promise,
      properties: [...tried.matchAll(/\]\(\.\.\/([^)]+)\) “([^”]+)”/g)].map(([, path = '', title = '']) => ({
        path,
        title,
      })),
      claims: [...said.matchAll(/`([^`]+)`/g)].map(([, claim = '']) => claim),
    }),
  );
}

/** The text of a test by its title, from its `it` to the end of it; undefined where no test has it. */
function testOf(source: string, title: string): string | undefined {
  const lines = source.split('\n');
  const at = lines.findIndex((line) => line.includes(`'${title}'`));
  const from = lines.slice(0, at + 1).findLastIndex((line) => /^ *it\b/.test(line));
  if (at < 0 || from < 0) return undefined;
  const indent = /^ */.exec(lines[from] as string)?.[0] ?? '';
  const end = new RegExp(`^${indent}[})].*\\);$`);
  const length = lines.slice(from + 1).findIndex((line) => end.test(line));
  return lines.slice(from, from + length + 2).join('\n');
}

/** Whether a test draws its cases, itself or by a function of its file. */
function isProperty(source: string, test: string): boolean {
  if (/\bfc\.(assert|sample)\(/.test(test)) return true;
  const drawing = [...source.matchAll(/^(?:async )?function (\w+)\([^]*?^\}/gm)].filter(([body]) =>
    body.includes('fc.sample('),
  );
  return drawing.some(([, name = '']) => test.includes(`${name}(`));
}

/** What is wrong with a row, in words. */
function faultsOf({ promise, properties, claims }: Row, made: ReadonlySet<string>): readonly string[] {
  return [
    ...(properties.length === 0 ? [`${promise}: no property`] : []),
    ...(claims.length === 0 ? [`${promise}: no claim`] : []),
    ...claims.filter((claim) => !made.has(claim)).map((claim) => `${promise}: nobody claims ${claim}`),
    ...properties.flatMap(({ path, title }) => {
      const file = join(repository, path);
      const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const test = testOf(source, title);
      if (test === undefined) return [`${promise}: ${path} has no test “${title}”`];
      return isProperty(source, test) ? [] : [`${promise}: “${title}” tries one case`];
    }),
  ];
}

const made = new Set(witnesses.flatMap(claimNames));

describe('docs/promises.md', () => {
  const rows = rowsOf(readDocument('docs/promises.md'));

  it('names for each promise a property that is there, and a claim that is made', () => {
    expect(rows.length).toBeGreaterThan(55);
    expect(rows.flatMap((row) => faultsOf(row, made))).toEqual([]);
  });

  it('would be told of a row that says what is not so (falsifier)', () => {
    const row = (tried: string, claim: string): string =>
      `| p | [x](../packages/guards/test/author.test.ts) “${tried}” | \`${claim}\` |`;
    const faults = (tried: string, claim: string): readonly string[] =>
      rowsOf(row(tried, claim)).flatMap((one) => faultsOf(one, made));
    const property = 'is the id: equal content counts as often as it happened, wherever it happened';
    expect(faults(property, 'guards/identity')).toEqual([]);
    expect(faults(property, 'guards/identities')).toEqual(['p: nobody claims guards/identities']);
    expect(faults('is nothing', 'guards/role')).toHaveLength(1);
    expect(faults('leads references to rows', 'guards/role')).toEqual(['p: “leads references to rows” tries one case']);
  });
});
