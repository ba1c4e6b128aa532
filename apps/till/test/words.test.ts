import { describe, expect, it } from 'vitest';
import { closedState } from '../src/engine/closed-state.ts';
import type { KeyState, Link, TillState } from '../src/engine/port.ts';
import { bookNotice, keyNotice, linkNotice, noticesOf, tornNotice } from '../src/model/notices.ts';
import { linkWords, refusalText, stageWords, verbWords } from '../src/model/words.ts';

describe('what the till says', () => {
  it('names every stage of a sale', () => {
    expect(stageWords).toEqual({
      local: 'Saved on this till',
      syncing: 'Sending',
      durable: 'Stored at relay',
      settled: 'Settled',
    });
  });

  it.each<[Link, number, string, string | undefined]>([
    [{ kind: 'alone' }, 0, 'This device alone', undefined],
    [{ kind: 'linked', at: 1 }, 0, 'Up to date', undefined],
    [{ kind: 'linked', at: 1 }, 2, 'Sending 2', undefined],
    [{ kind: 'no-network', since: 1 }, 3, 'No network, 3 to send', 'No network.'],
    [
      { kind: 'relay-unreachable', since: 1, reason: '', how: 'unreachable' },
      0,
      'Relay not answering',
      'The network is up, but the relay does not answer.',
    ],
    [
      { kind: 'relay-unreachable', since: 1, reason: '', how: 'silent' },
      2,
      'Relay not answering, 2 to send',
      'The relay has been asked and says nothing.',
    ],
    [
      { kind: 'relay-unreachable', since: 1, reason: '', how: 'busy' },
      1,
      'Relay busy, 1 to send',
      'The relay has too much to do.',
    ],
    [{ kind: 'not-enrolled' }, 1, 'Not admitted yet, 1 to send', 'The relay does not know this till yet.'],
    [{ kind: 'relay-distrusted', reason: '' }, 1, 'Relay not trusted', 'The relay contradicts what it signed before.'],
  ])('tells %j with %i unsent apart', (link, unsent, chip, banner) => {
    expect(linkWords(link, unsent)).toBe(chip);
    expect(linkNotice(link, unsent)?.title).toBe(banner);
  });

  it('counts what is kept back, and says so when nothing is', () => {
    const link: Link = { kind: 'no-network', since: 1 };
    expect(linkNotice(link, 1)?.detail).toContain('1 entry is saved');
    expect(linkNotice(link, 2)?.detail).toContain('2 entries are saved');
    expect(linkNotice(link, 0)?.detail).toContain('everything is sent');
  });

  it('speaks up when the book stops or refuses', () => {
    const link: Link = { kind: 'linked', at: 1 };
    const calm = { stop: undefined, refused: 0, isCopied: false, key: undefined, link };
    expect(bookNotice(calm)).toBeUndefined();
    expect(bookNotice({ ...calm, refused: 1 })?.title).toBe('One entry of this till had no effect.');
    expect(bookNotice({ ...calm, refused: 1 })?.detail).toContain('tell the office');
    expect(bookNotice({ ...calm, refused: 1, link: { kind: 'alone' } })?.detail).not.toContain('office');
    expect(bookNotice({ ...calm, refused: 1, isCopied: true })?.title).toContain('was copied');
    expect(bookNotice({ ...calm, refused: 1, stop: 'x@2' })?.title).toContain('new version');
  });

  it('says that entries were corrected until somebody has looked', () => {
    const open = closedState({ kind: 'starting' });
    expect(noticesOf({ ...open, corrections: { count: 2, unseen: 0 } })).toEqual([]);
    const said = noticesOf({ ...open, corrections: { count: 3, unseen: 2 } });
    expect(said).toMatchObject([{ title: '2 entries of this till stand otherwise than meant.', action: 'look' }]);
  });

  it('asks for fiscal numbers before there are none', () => {
    const said = (left: number) =>
      noticesOf({ ...closedState({ kind: 'starting' }), fiscal: { left, series: [], sale: 'A', refund: 'A' } })[0];
    expect([said(10), said(9)?.tone, said(1)?.title]).toEqual([
      undefined,
      'warn',
      'One fiscal number is left on this till.',
    ]);
    expect(said(0)).toMatchObject({ tone: 'alarm', title: 'This till has no fiscal numbers left.' });
  });

  it('calls a key that others may have worse than one without a backup', () => {
    const key = {
      backups: ['organisation'],
      escrow: [],
      isSealedElsewhere: false,
      isEnrolled: true,
      isRevoked: false,
      isAnchored: true,
      unread: undefined,
    } as const;
    const notice = (change: Partial<KeyState>) => keyNotice({ key: { ...key, ...change }, isCopied: false });
    expect(notice({})).toBeUndefined();
    expect(notice({ backups: [] })).toMatchObject({ tone: 'warn', action: 'back-up' });
    expect(notice({ isSealedElsewhere: true })).toMatchObject({ tone: 'alarm', action: 'new-key' });
    expect(notice({ isSealedElsewhere: true, isEnrolled: false })).toBeUndefined();
    const asides = (['waits', 'lost'] as const).map((unread) => notice({ isAnchored: false, unread }));
    expect(asides).toMatchObject([{ action: 'go-on' }, { action: 'go-on' }]);
    expect(asides[0]?.title).toContain('not here yet');
    expect(asides[1]?.title).toContain('lost');
    // The office keeps what stands behind a gap aside, so waiting may have no end.
    expect(asides[0]?.detail).toContain('not where an earlier entry reads nowhere');
  });

  it('claims nothing about what a damaged end of the log held', () => {
    expect(tornNotice(undefined)).toBeUndefined();
    const torn = { bytes: 9, lastDocument: 'INV/a/1', mustReachRelay: false };
    expect(tornNotice(torn)).toMatchObject({ tone: 'warn', detail: expect.stringContaining('9 bytes') as string });
    expect(tornNotice(torn)?.detail).toContain('INV/a/1');
    expect(tornNotice({ ...torn, lastDocument: undefined })?.detail).toContain('No sale is left');
    const waiting = tornNotice({ ...torn, mustReachRelay: true });
    expect(waiting).toMatchObject({ tone: 'alarm', detail: expect.stringContaining('reached the relay') as string });
  });

  it('never says to keep selling where nothing can be saved', () => {
    const open: TillState = { ...closedState({ kind: 'starting' }), link: { kind: 'no-network', since: 1 } };
    const torn = { bytes: 9, lastDocument: undefined, mustReachRelay: true };
    expect(titlesOf(open)).toEqual(['No network.']);
    expect(titlesOf({ ...open, storageFault: 'full' })).toEqual([]);
    expect(titlesOf({ ...open, torn })).toEqual(['The end of this till’s log was damaged.']);
    expect(titlesOf({ ...open, torn: { ...torn, mustReachRelay: false } })).toHaveLength(2);
    expect(titlesOf({ ...open, isCopied: true, clock: 'ahead' })).toEqual([
      'This till was copied: two devices wrote as one.',
      'The clock of this device is ahead.',
    ]);
  });

  it('says what the relay was convicted of, once, and in words', () => {
    const open: TillState = { ...closedState({ kind: 'starting' }), relayFindings: ['shrunk'] };
    const distrusted = { kind: 'relay-distrusted', reason: '' } as const;
    expect(titlesOf(open)).toEqual(['The relay lost entries that it had confirmed.']);
    expect(titlesOf({ ...open, link: distrusted })).toEqual(['The relay lost entries that it had confirmed.']);
    expect(titlesOf({ ...open, relayFindings: ['shrunk', 'split'] })).toEqual([
      'The relay showed two different books.',
    ]);
    expect(titlesOf({ ...open, relayFindings: [], link: distrusted })).toHaveLength(1);
  });

  it('calls an entry what a seller calls it', () => {
    expect(verbWords('sale.complete@1')).toBe('Sale');
    expect(verbWords('stock.count@1')).toBe('stock.count@1');
  });

  it('falls back on the refusal’s own message', () => {
    expect(refusalText('retail/session-open', 'x')).toBe('The drawer is already open on this till.');
    expect(refusalText('retail/something-new', 'The book refused it.')).toBe('The book refused it.');
  });
});

function titlesOf(state: TillState): readonly string[] {
  return noticesOf(state).map((notice) => notice.title);
}
