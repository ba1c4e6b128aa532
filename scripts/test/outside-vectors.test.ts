import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import signatures from '../../fixtures/sign/signature.json' with { type: 'json' };
import { readPublished, tallyFiles } from '../outside-vectors.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-vectors-'));
  for (const part of ['input', 'output']) mkdirSync(join(folder, 'jcs', part), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(file: string, content: unknown): void {
  writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
}

/** Our own cases in the shape of Wycheproof; `lie` turns the verdict of the first. */
function wycheproofOf(lie: boolean): object {
  const testGroups = signatures.slice(0, 8).map(({ input, expect: { valid } }, tcId) => {
    const result = valid === (lie && tcId === 0) ? 'invalid' : 'valid';
    return { publicKey: { pk: input.key }, tests: [{ tcId, msg: input.message, sig: input.signature, result }] };
  });
  return { testGroups };
}

test('every back end judges every case', async () => {
  write('wycheproof-ed25519.json', wycheproofOf(false));
  const tallies = await tallyFiles(readPublished(folder));
  expect(tallies.map(({ backEnd, cases, wrong }) => [backEnd, cases, wrong])).toEqual(
    ['noble', 'node', 'webcrypto'].map((backEnd) => [backEnd, 8, []]),
  );
});

test('a case that must be judged otherwise is named for every back end', async () => {
  write('wycheproof-ed25519.json', wycheproofOf(true));
  expect((await tallyFiles(readPublished(folder))).map(({ wrong }) => wrong)).toEqual([['0'], ['0'], ['0']]);
});

test('a canonical form that is not ours is found, and a fraction must be refused', async () => {
  const cases = {
    inside: ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    wrong: ['{"b":1,"a":2}', '{"b":1,"a":2}'],
    outside: ['[1.5]', '[1.5]'],
  };
  for (const [name, [input, output]] of Object.entries(cases)) {
    write(`jcs/input/${name}.json`, input);
    write(`jcs/output/${name}.json`, output);
  }
  const tallies = await tallyFiles(readPublished(folder));
  expect(Object.fromEntries(tallies.map(({ file, wrong }) => [file.replace('jcs/output/', ''), wrong]))).toEqual({
    'inside.json': [],
    'outside.json': [],
    'wrong.json': ['read', 'written'],
  });
});

test('a file that nothing here implements is named, not passed over', async () => {
  write('wycheproof-rsa.json', {});
  expect(await tallyFiles(readPublished(folder))).toEqual([
    { file: 'wycheproof-rsa.json', backEnd: 'none', cases: 0, wrong: [] },
  ]);
});

test('a file without cases is a failure', async () => {
  write('wycheproof-ed25519.json', { testGroups: [] });
  expect((await tallyFiles(readPublished(folder))).map(({ wrong }) => wrong)).toEqual([['it holds no case']]);
});
