/** The README says what the code does. */
import { describe, expect, it } from 'vitest';
import { codesOf, readReadme, runSample, testedCodes } from './readme.ts';
import * as ledger from '../src/index.ts';

const { text, samples } = readReadme('ledger');

describe('README', () => {
  it.each(samples)('has a sample that prints what it says', ({ source, prints }) => {
    expect(prints).not.toBe('');
    expect(runSample(source)).toBe(prints);
  });

  it('names every refusal code, and each is tested', () => {
    const codes = codesOf('ledger');
    expect(codes.length).toBeGreaterThan(5);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
    const tested = testedCodes('ledger');
    expect(codes.filter((code) => !tested.has(code))).toEqual([]);
  });

  it('names every export', () => {
    const names = Object.keys(ledger);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it('stays under 150 lines', () => {
    expect(text.split('\n').length).toBeLessThan(150);
  });
});
