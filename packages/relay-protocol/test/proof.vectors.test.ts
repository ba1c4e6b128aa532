// The vectors of docs/spec/relay-proof.md.
import { parseVerifierKey } from '@tallystick/chain';
import { describe, expect, it } from 'vitest';
import proofVectors from '../../../fixtures/relay-proof/proof.json' with { type: 'json' };
import { verifyRelayProof } from '../src/proof.ts';
import { verifyNote } from './desk.ts';
import { hasher } from './fleet.ts';

describe('vectors', () => {
  it.each(proofVectors)('proof: $name', async ({ input: { text, vkey }, expect: expected }) => {
    const relay = parseVerifierKey(vkey, hasher);
    if (!relay.ok) throw new Error(relay.message);
    const judged = await verifyRelayProof(text, { relay: relay.value, verify: verifyNote, hasher });
    const { kind, scope, promised, later } = judged.ok ? judged.value : {};
    expect(judged.ok ? { ok: true, kind, scope, promised, later } : { ok: false, code: judged.code }).toEqual(expected);
  });
});
