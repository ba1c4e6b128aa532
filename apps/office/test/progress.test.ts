import { describe, expect, it } from 'vitest';
import { createProgress } from '../src/progress.ts';

function recorder(isTTY: boolean): {
  stream: { isTTY: boolean; columns: number; write(text: string): void };
  written: string[];
} {
  const written: string[] = [];
  return { written, stream: { isTTY, columns: 60, write: (text) => void written.push(text) } };
}

describe('progress', () => {
  it('writes only whole lines away from a terminal, and few of them', () => {
    const { stream, written } = recorder(false);
    let time = 0;
    const step = createProgress(stream, () => time).begin('trade', 1_000);
    for (let done = 0; done <= 1_000; done++) {
      time += 10;
      step.reach(done);
    }
    step.finish('1,000 invoices');
    expect(written).toEqual([
      'trade 49 % (499 of 1,000)\n',
      'trade 99 % (999 of 1,000)\n',
      'trade: 1,000 invoices (10.0 s)\n',
    ]);
  });

  it('redraws one line on a terminal, within its width, and leaves the result', () => {
    const { stream, written } = recorder(true);
    let time = 0;
    const step = createProgress(stream, () => time).begin('trade', 10);
    for (let done = 0; done <= 10; done++) {
      time += 100;
      step.reach(done);
    }
    step.finish('done');
    expect(
      written.slice(0, -2).every((text) => text.startsWith('\r') && !text.includes('\n') && text.length < 70),
    ).toBe(true);
    expect(written.at(-1)).toBe('trade: done (1.1 s)\n');
  });
});
