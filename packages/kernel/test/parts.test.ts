// What loads when (docs/decisions/026-what-loads-when.md), in a process of its own whose imports can be refused.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('loads a part when it is first asked for, says by its code that it cannot be had, and sells on', () => {
  const program = fileURLToPath(new URL('./seldom-asked.ts', import.meta.url));
  const { alone, missed, isSame, opened, sold, beside, inTurn, pushed, verified, atOnce } = JSON.parse(
    execFileSync(process.execPath, [program], { encoding: 'utf8' }),
  ) as Record<string, unknown>;
  expect(alone).toEqual([]);
  expect(missed).toEqual(Array.from({ length: 5 }, () => 'kernel/not-loaded'));
  expect(isSame).toBe(true);
  expect(sold).toBe('done');
  expect(opened).toBe('done');
  // Nor is a sale held up while the file of a part is on its way.
  expect(beside).toBe('done');
  // What could not be had is asked for again, and each part alone.
  expect(inTurn).toEqual(['part-exchange', 'part-audit']);
  expect(atOnce).toContain('part-snapshots');
  expect({ pushed, verified }).toEqual({ pushed: 6, verified: 6 });
});
