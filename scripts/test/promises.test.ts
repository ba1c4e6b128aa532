// docs/promises.md names properties that are there and draw their cases, and claims that witnesses make, and leaves out no verb, no section and no claim of guards, ledger
// and retail; what breaks each claim runs in witnesses/test.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { authorityVerbs, leaseVerbs, ownershipVerbs, ruleVerbs } from '@tallystick/guards';
import { ledgerVerbs } from '@tallystick/ledger';
import { retailVerbs } from '@tallystick/retail';
import { describe, expect, it } from 'vitest';
import { claimNames } from '../../witnesses/claim.ts';
import { readScenarios } from '../../witnesses/scenarios.ts';
import { witnesses } from '../../witnesses/witnesses.ts';
import { readDocument, repository } from './markdown.ts';

interface Row {
  readonly promise: string;
  readonly properties: readonly { readonly path: string; readonly title: string }[];
  readonly claims: readonly string[];
  /** Pages and sections below docs/, as `guards.md#leases`. */
  readonly sections: readonly string[];
}

function rowsOf(text: string): readonly Row[] {
  return [...text.matchAll(/^\| (?!\*\*|promise )(.+) \| (.+) \| (.+) \| (.+) \|$/gm)].map(
    ([, promise = '', tried = '', said = '', told = '']) => ({
      promise,
      properties: [...tried.matchAll(/\]\(\.\.\/([^)]+)\) “([^”]+)”/g)].map(([, path = '', title = '']) => ({
        path,
        title,
      })),
      claims: [...said.matchAll(/`([^`]+)`/g)].map(([, claim = '']) => claim),
      sections: [...told.matchAll(/\]\(([^)]+)\)/g)].map(([, section = '']) => section),
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

/** The text of a test file and of the test modules that it imports. */
function textOf(path: string, seen: Set<string> = new Set()): string {
  if (seen.has(path)) return '';
  seen.add(path);
  const source = readFileSync(join(repository, path), 'utf8');
  const imported = [...source.matchAll(/ from '(\.[^']+)'/g)].map(([, from = '']) =>
    normalize(join(dirname(path), from)),
  );
  return [source, ...imported.filter((from) => from.includes('/test/')).map((from) => textOf(from, seen))].join('\n');
}

/** Who a customer is rides in envelopes: a promise of erasure. */
const verbsOfOthers: readonly string[] = ['person.describe'];

/** Verbs that no property of these rows writes, whole or with its last word drawn. */
function untriedVerbs(rows: readonly Row[], names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const text = rows.flatMap(({ properties }) => properties.map(({ path }) => textOf(path, seen))).join('\n');
  const isTried = (name: string): boolean => text.includes(`'${name}'`) || text.includes(`\`${name.split('.')[0]}.\${`);
  return names.filter((name) => !isTried(name) && !verbsOfOthers.includes(name));
}

const pages = ['guards.md', 'ledger.md', 'retail.md', 'supply.md', 'entitlements.md'] as const;
/** Sections for looking things up; what they name is promised elsewhere. */
const reference: ReadonlySet<string> = new Set([
  'tables',
  'refusals',
  'exports',
  'from-the-command-line',
  'verbs-and-tables',
  'codes',
]);

/** Every section of the pages, as a link names it. */
function promisingSections(): readonly string[] {
  return pages.flatMap((page) =>
    [...readDocument(`docs/${page}`).matchAll(/^## (.+)$/gm)]
      .map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
      )
      .filter((anchor) => !reference.has(anchor))
      .map((anchor) => `${page}#${anchor}`),
  );
}

/** Claims of the table of scenarios that neither a row nor the table of other packages names, and those that both name. */
function misplacedClaims(text: string, rows: readonly Row[], claims: readonly string[]): readonly string[] {
  const others = [...text.matchAll(/^\| ((?:`[^`]+` ?)+)\|/gm)].flatMap(([, cell = '']) => cell.match(/[^` ]+/g) ?? []);
  const named = new Set(rows.flatMap((row) => row.claims));
  const isOthers = (claim: string): boolean =>
    others.some((other) => other === claim || (other.endsWith('/*') && claim.startsWith(other.slice(0, -1))));
  return claims.filter((claim) => named.has(claim) === isOthers(claim));
}

const made = new Set(witnesses.flatMap(claimNames));

describe('docs/promises.md', () => {
  const text = readDocument('docs/promises.md');
  const rows = rowsOf(text);
  const verbs = [...ownershipVerbs, ...leaseVerbs, ...ruleVerbs, ...authorityVerbs, ...ledgerVerbs, ...retailVerbs];
  const names = [...new Set(verbs.map(({ name }) => name))];
  const claims = [...new Set(readScenarios().flatMap((row) => row.claims))];

  it('names for each promise a property that is there, and a claim that is made', () => {
    expect(rows.length).toBeGreaterThan(55);
    expect(rows.flatMap((row) => faultsOf(row, made))).toEqual([]);
  });

  it('tries every verb of guards, ledger and retail by a property', () => {
    expect(names.length).toBeGreaterThan(80);
    expect(untriedVerbs(rows, names)).toEqual([]);
    expect(untriedVerbs(rows, ['sale.dream', 'handoff.accept'])).toEqual(['sale.dream']);
  });

  it('has a row for every section of their pages, and names no other', () => {
    const told = new Set(rows.flatMap(({ sections }) => sections));
    expect(rows.filter(({ sections }) => sections.length === 0)).toEqual([]);
    expect(promisingSections().length).toBeGreaterThan(30);
    expect(promisingSections().filter((section) => !told.has(section))).toEqual([]);
    const known = new Set([...promisingSections(), 'tokens.md']);
    expect([...told].filter((section) => !known.has(section))).toEqual([]);
  });

  it('has every claim in a row, or says of which other package it is', () => {
    expect(claims.length).toBeGreaterThan(130);
    expect(misplacedClaims(text, rows, claims)).toEqual([]);
    expect(misplacedClaims(text, rows, ['guards/invented', 'retail/late', 'chain/clean'])).toEqual(['guards/invented']);
    // In both it would be nobody's.
    expect(misplacedClaims(`${text}\n| \`retail/late\` | x |`, rows, claims)).toEqual(['retail/late']);
  });

  it('would be told of a row that says what is not so (falsifier)', () => {
    const row = (tried: string, claim: string): string =>
      `| p | [x](../packages/guards/test/author.test.ts) “${tried}” | \`${claim}\` | [x](guards.md#leases) |`;
    const faults = (tried: string, claim: string): readonly string[] =>
      rowsOf(row(tried, claim)).flatMap((one) => faultsOf(one, made));
    const property = 'is the id: equal content counts as often as it happened, wherever it happened';
    expect(faults(property, 'guards/identity')).toEqual([]);
    expect(faults(property, 'guards/identities')).toEqual(['p: nobody claims guards/identities']);
    expect(faults('is nothing', 'guards/role')).toHaveLength(1);
    expect(faults('leads references to rows', 'guards/role')).toEqual(['p: “leads references to rows” tries one case']);
  });
});
