import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { businessDay, localDay } from '../src/model/business-day.ts';

const at = (text: string): Date => new Date(text);

describe('the business day', () => {
  it.each([
    ['2026-11-21T12:00:00', undefined, '2026-11-21', 'the date where no drawer is open'],
    ['2026-11-22T01:30:00', '2026-11-21', '2026-11-21', 'the opening day until four at night'],
    ['2026-11-22T04:00:00', '2026-11-21', '2026-11-22', 'the new day from four'],
    ['2026-11-25T01:00:00', '2026-11-21', '2026-11-25', 'the date when the drawer was forgotten for days'],
    ['2019-01-01T12:00:00', '2026-11-21', '2026-11-21', 'never a day before the drawer was opened'],
  ])('%s with a drawer of %s is %s: %s', (now, opened, day, _why) => {
    expect(businessDay(at(now), opened)).toBe(day);
  });

  it('never goes back behind the open drawer, whatever the clock says', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: at('1971-01-01'), max: at('2200-01-01') }), (now) => {
        expect(businessDay(now, '2026-11-21') >= '2026-11-21').toBe(true);
        expect(localDay(now)).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      }),
    );
  });
});
