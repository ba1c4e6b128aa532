import { KernelError } from '@tallystick/kernel';
import { RelayError } from '@tallystick/relay-protocol';
import { describe, expect, it } from 'vitest';
import { linkAfterFailure, linkAfterReport } from '../src/engine/link.ts';
import type { Link } from '../src/engine/port.ts';

const hash = 'a'.repeat(64) as never;
const connecting: Link = { kind: 'connecting' };

describe('the connection after an exchange', () => {
  it('is up when everything was taken', () => {
    expect(linkAfterReport({ notTaken: [] }, 7)).toEqual({ kind: 'linked', at: 7 });
  });

  it('is not enrolled when the relay does not know the device', () => {
    expect(linkAfterReport({ notTaken: [{ hash, verdict: 'unknown-device' }] }, 7).kind).toBe('not-enrolled');
  });

  it('is refused, with the verdict, for anything else', () => {
    const link = linkAfterReport({ notTaken: [{ hash, verdict: 'bad-signature' }] }, 7);
    expect(link).toEqual({ kind: 'refused', reason: '1 not taken, the first as “bad-signature”.' });
  });
});

describe('the connection after a failure', () => {
  const silent = new RelayError('relay/unreachable', 'no answer');

  it('tells a dead network from a silent relay', () => {
    expect(linkAfterFailure(silent, connecting, false, 5).kind).toBe('no-network');
    expect(linkAfterFailure(silent, connecting, true, 5).kind).toBe('relay-unreachable');
  });

  it.each([
    ['unreachable', silent],
    ['unreachable', new TypeError('fetch failed')],
    ['silent', new RelayError('relay/unreachable', 'no answer', { cause: new DOMException('', 'TimeoutError') })],
    ['busy', new RelayError('relay/busy', 'full')],
    ['garbled', new RelayError('relay/bad-answer', 'a page')],
    ['unreachable', new RelayError('relay/refused', 'the relay answered 502', { status: 502 })],
  ])('tells how it does not answer: %s', (how, error) => {
    expect(linkAfterFailure(error, connecting, true, 5)).toMatchObject({ kind: 'relay-unreachable', how });
  });

  it('keeps the time since when nobody answers', () => {
    const first = linkAfterFailure(silent, connecting, true, 5);
    expect(linkAfterFailure(silent, first, true, 9)).toMatchObject({ since: 5 });
    expect(linkAfterFailure(silent, first, false, 9)).toMatchObject({ kind: 'no-network', since: 9 });
  });

  it.each([
    new RelayError('relay/inconsistent', 'two roots'),
    new RelayError('relay/rolled-back', 'shorter'),
    new KernelError('kernel/relay-key', 'another key'),
  ])('distrusts a relay that contradicts itself, with or without a network: $code', (error) => {
    expect(linkAfterFailure(error, connecting, true, 5).kind).toBe('relay-distrusted');
    expect(linkAfterFailure(error, connecting, false, 5).kind).toBe('relay-distrusted');
  });

  it('takes what the relay itself refuses for that', () => {
    const refused = new RelayError('relay/refused', 'the relay answered 402', { status: 402 });
    expect(linkAfterFailure(refused, connecting, true, 5).kind).toBe('refused');
  });

  it('says that a relay does not keep the book', () => {
    expect(linkAfterFailure(new RelayError('relay/unknown-book', 'x'), connecting, true, 5).kind).toBe('refused');
  });
});
