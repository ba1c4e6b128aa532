import { describe, expect, it } from 'vitest';
import { createGathering } from '../src/gathering.ts';

describe('questions of one moment', () => {
  it('go out together, so many at a time, and each gets its own answer', async () => {
    const asked: number[][] = [];
    const double = createGathering(async (questions: readonly number[]) => {
      asked.push([...questions]);
      return questions.map((question) => question * 2);
    }, 3);
    expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8]);
    expect(await double(5)).toBe(10);
    expect(asked).toEqual([[1, 2, 3], [4], [5]]);
  });

  it('fail together, and the next ones do not', async () => {
    let isDown = true;
    const ask = createGathering(async (questions: readonly string[]) => {
      if (isDown) throw new Error('no server');
      return questions;
    });
    const answers = await Promise.allSettled(['a', 'b'].map(ask));
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isDown = false;
    expect(await ask('c')).toBe('c');
  });
});
