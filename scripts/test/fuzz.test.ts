import { expect, test } from 'vitest';
import { fuzz } from '../fuzz.ts';
import { targets } from '../fuzz-targets.ts';

test('no parser throws, hangs or accepts what no writer writes, and none refuses everything', async () => {
  const reports = await fuzz(200, 7);
  expect(reports.map(({ target }) => target)).toEqual(Object.keys(targets));
  for (const { target, accepted, faults } of reports) {
    expect(faults, target).toEqual([]);
    expect(accepted, target).toBeGreaterThan(0);
  }
});

test('a parser that throws is found, with its input, and one seed makes the same inputs', async () => {
  const seen: string[] = [];
  const brittle = (bytes: Uint8Array): boolean => {
    seen.push(Buffer.from(bytes).toString('hex'));
    return JSON.parse(new TextDecoder().decode(bytes)) !== undefined;
  };
  const [report] = await fuzz(100, 3, { brittle });
  expect(report?.faults.length).toBeGreaterThan(0);
  const first = seen.splice(0);
  await fuzz(100, 3, { brittle });
  expect(seen).toEqual(first);
});
