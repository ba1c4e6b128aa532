// The table of README.md names every function there is; its sample is run with all others by scripts/test/docs.test.ts.
import { readFileSync } from 'node:fs';
import * as testkit from '@tallystick/testkit';
import { expect, it } from 'vitest';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('the README names every function', () => {
  const functions = Object.entries(testkit).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  expect(functions.length).toBeGreaterThan(15);
  expect(functions.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
