// Cash in and out of the drawer, and its reports, on the real book.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionReport } from '@tallystick/retail';
import { readDrawerReport } from '../src/engine/drawer-report.ts';
import { entries } from '../src/engine/entries.ts';
import { enter } from '../src/engine/entry.ts';
import type { DrawerReport, Outcome, Saved } from '../src/engine/port.ts';
import type { CashMoveRequest } from '../src/engine/requests.ts';
import { reportRows } from '../src/model/report-rows.ts';
import { openState } from '../src/engine/till-state.ts';
import { cartOf, type Counter, openCounter } from './counter.ts';

let counter: Counter;
let session: string;

beforeEach(async () => {
  counter = await openCounter();
  session = idOf(await counter.ask(entries.openSession, 10_000));
});
afterEach(() => counter.close());

function idOf(outcome: Outcome<Saved<unknown>>): string {
  if (!outcome.ok) throw new Error(outcome.code);
  return outcome.value.id;
}

function report(): DrawerReport {
  const read = readDrawerReport(counter.shop);
  if (!read.ok || read.value === undefined) throw new Error('no report');
  return read.value;
}

const move = (change: Partial<CashMoveRequest> = {}): CashMoveRequest => ({
  kind: 'out',
  session,
  amountMinor: 500,
  account: '6100',
  reason: 'window cleaner',
  after: report().moves.at(-1)?.id ?? '',
  ...change,
});

describe('cash without a sale', () => {
  it('is written once however often it is asked for, and again when it is meant again', async () => {
    const first = move();
    const id = idOf(await counter.ask(entries.moveCash, first));
    expect(idOf(await counter.ask(entries.moveCash, first))).toBe(id);
    expect(idOf(await counter.ask(entries.moveCash, move()))).not.toBe(id);
    idOf(await counter.ask(entries.moveCash, move({ kind: 'in', account: '3000', reason: 'change' })));
    idOf(await counter.ask(entries.moveCash, move({ kind: 'safe', amountMinor: 2_000, reason: 'evening' })));
    expect(report().moves.map(({ kind, amountMinor }) => [kind, amountMinor])).toEqual([
      ['out', -500],
      ['out', -500],
      ['in', 500],
      ['safe', -2_000],
    ]);
    const { session: drawer } = report();
    expect(sessionReport(counter.shop.book, drawer)?.expectedMinor).toBe(10_000 - 500 - 500 + 500 - 2_000);
    expect(report().accounts).toContainEqual({ account: '6100', name: 'Charges and bad debts' });
    expect(report().accounts.map(({ account }) => account)).not.toContain('1000');
  });

  it('is found after a write whose answer was lost', async () => {
    const request = move();
    counter.faults.isFlushFailing = true;
    const lost = await enter(entries.moveCash, request, counter.shop, () => {
      counter.faults.isFlushFailing = false;
      return counter.openAgain();
    });
    expect(idOf(lost)).toBe(report().moves[0]?.id);
    expect(report().moves).toHaveLength(1);
  });

  it('is refused of a drawer that is closed, or for an account that is not there', async () => {
    expect(await counter.ask(entries.moveCash, move({ account: '9999' }))).toMatchObject({
      code: 'ledger/unknown-account',
    });
    idOf(await counter.ask(entries.closeSession, { session, countedMinor: 10_000 }));
    expect(await counter.ask(entries.moveCash, move())).toMatchObject({ code: 'till/no-session' });
  });
});

describe('the report of a drawer', () => {
  it('says what should be in it only after the count', async () => {
    idOf(await counter.ask(entries.sell, cartOf('a', 2)));
    const cash = ['Cash', 'Float', 'Should be in the drawer', 'Counted', 'Over'];
    const named = (): readonly string[] => reportRows(report()).map(({ name }) => name);
    expect(report().kind).toBe('X');
    expect(named()).toEqual(['1 sale', 'Card']);
    // Neither the report nor anything else that the page is told leads to the £7.20 in the drawer.
    const told = JSON.stringify([openState(counter.shop, undefined), report()]);
    expect(told).not.toMatch(/expected|cashMinor|"cash"|salesMinor|:10720|taxes/);
    idOf(await counter.ask(entries.closeSession, { session, countedMinor: 10_730 }));
    expect(report().kind).toBe('Z');
    expect(named().slice(4)).toEqual(cash);
    expect(openState(counter.shop, undefined).today?.taken).toEqual({ totalMinor: 720, cashMinor: 720 });
    expect(reportRows(report()).at(-1)).toEqual({ name: 'Over', amountMinor: 10 });
  });
});
