// Names that are short where their script says much in few letters are looked for in raw files as well.
import { expect, it } from 'vitest';
import { holdsOne, needlesOf } from '../src/raw-search.ts';

it('looks for a name of two characters, and for none that would be found in anything', async () => {
  const needles = needlesOf(['\u674e\u5a1c', 'Ann']);
  for (const text of ['\u4ed8\u7ed9\u674e\u5a1c', '"\\u674e\\u5a1c"'])
    expect(await holdsOne(Buffer.from(text), needles)).toBe(true);
  expect(await holdsOne(Buffer.from('Anna, \u674e\u6d0b'), needles)).toBe(false);
});
