import { describe, expect, it } from 'vitest';
import { type Command, commandHelp, createContext, dataOption, parseArguments, parseCount } from '../src/command.ts';
import { silentProgress } from '../src/progress.ts';

const command: Command = {
  name: 'trade',
  summary: 'Trades.',
  operands: 'FILE',
  minOperands: 1,
  maxOperands: 1,
  options: { data: dataOption, embedded: { type: 'boolean', help: 'embed' } },
  run: async () => 0,
};

describe('parseArguments', () => {
  it('reads what the command knows', () => {
    const context = createContext(
      parseArguments(command, ['a.csv', '--data', '/d', '--json']),
      silentProgress,
      () => undefined,
    );
    expect(context.positionals).toEqual(['a.csv']);
    expect([context.text('data'), context.flag('embedded'), context.json]).toEqual(['/d', false, true]);
  });

  it.each([
    [['a.csv', '--dta', '/d'], "unknown option '--dta'"],
    [['a.csv', '--data'], "Option '--data <value>' argument missing"],
    [['a.csv', '--embedded=yes'], "Option '--embedded' does not take an argument"],
    [['a.csv', '--data', '/a', '--data', '/b'], '--data is given twice'],
    [[], 'FILE is missing'],
    [['a.csv', 'b.csv'], 'unexpected argument "b.csv"'],
  ])('refuses %j', (argv, message) => {
    expect(() => parseArguments(command, argv)).toThrow(`${message} (see: tally trade --help)`);
  });

  it('needs no operand to show help', () => {
    expect(parseArguments(command, ['--help']).values['help']).toBe(true);
    expect(commandHelp(command)).toContain('tally trade FILE [options]');
  });
});

describe('parseCount', () => {
  it('takes whole numbers within bounds and nothing else', () => {
    expect(parseCount('8', 'tills', 'trade', 1, 64)).toBe(8);
    for (const text of ['0', '65', '-1', '1.5', '', 'eight', '1e1', '99999999999']) {
      expect(() => parseCount(text, 'tills', 'trade', 1, 64)).toThrow('is not a whole number from 1 to 64');
    }
  });
});
