import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeInvitation, linkKindOf, parseInvitation } from '../src/model/invitation.ts';

const invitation = { office: 'https://office.example/shop', secret: 'ab'.repeat(32), escrow: ['age1xyz'] };

describe('an invitation', () => {
  it('is read from a link, a bare code and its own JSON', () => {
    const link = encodeInvitation('https://till.example/', invitation);
    const code = link.slice(link.indexOf('#join=') + '#join='.length);
    for (const pasted of [link, ` ${link}\n`, code, JSON.stringify(invitation)]) {
      expect(parseInvitation(pasted)).toEqual({ ok: true, value: invitation });
    }
  });

  it.each([
    ['', 'invitation/empty'],
    ['   ', 'invitation/empty'],
    ['https://till.example/', 'invitation/unreadable'],
    ['https://till.example/#join=%%%', 'invitation/unreadable'],
    ['{"office":"https://office.example"}', 'invitation/unreadable'],
    ['{"office":"javascript:alert(1)","secret":"x"}', 'invitation/office'],
    ['{"office":"file:///etc/passwd","secret":"x"}', 'invitation/office'],
    ['{"office":7,"secret":"x"}', 'invitation/office'],
    ['{"office":"https://office.example","secret":"x","escrow":["AGE-SECRET-KEY-1"]}', 'invitation/unreadable'],
    ['null', 'invitation/unreadable'],
    ['x'.repeat(30_000), 'invitation/unreadable'],
  ])('refuses %.40j with %s', (pasted, code) => {
    expect(parseInvitation(pasted)).toEqual({ ok: false, code });
  });

  it('never throws, whatever is pasted', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.base64String()), (text) => {
        expect(typeof parseInvitation(text).ok).toBe('boolean');
        expect(typeof parseInvitation(`#join=${text}`).ok).toBe('boolean');
      }),
    );
  });

  it('survives the link for any secret', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (secret) => {
        const value = { office: 'http://127.0.0.1:4000', secret, escrow: [] };
        for (const kind of ['join', 'restore'] as const) {
          const pasted = encodeInvitation('/', value, kind);
          expect([linkKindOf(pasted), parseInvitation(pasted)]).toEqual([kind, { ok: true, value }]);
        }
      }),
    );
  });
});
