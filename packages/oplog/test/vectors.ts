// The vectors of docs/spec/op.md against this implementation. Runs in Node and in a browser, so it uses nothing of either.
import {
  createIdMint,
  decodeHex,
  encodeHex,
  type OpHash,
  type OpId,
  type OpRecord,
  orderTail,
  parseOpId,
} from '@tallystick/oplog';
import { decodeRecord, parseCanonical, parseOp } from '@tallystick/oplog/strict';
import { decodeBundle, createFrameCollector } from '@tallystick/oplog/transport';
import { describe, expect, it } from 'vitest';
import bundleVectors from '../../../fixtures/op/bundle.json' with { type: 'json' };
import canonicalVectors from '../../../fixtures/op/canonical.json' with { type: 'json' };
import frameVectors from '../../../fixtures/op/frame.json' with { type: 'json' };
import idVectors from '../../../fixtures/op/id.json' with { type: 'json' };
import opVectors from '../../../fixtures/op/op.json' with { type: 'json' };
import orderVectors from '../../../fixtures/op/order.json' with { type: 'json' };
import recordVectors from '../../../fixtures/op/record.json' with { type: 'json' };

interface Case<Input, Expected> {
  readonly name: string;
  readonly why: string;
  readonly input: Input;
  readonly expect: Expected;
}
type Outcome<Value> = ({ ok: true } & Value) | { ok: false; code: string };

const canonical = canonicalVectors as unknown as Case<
  { text?: string; pieces?: [string, number][] },
  Outcome<object>
>[];
const ops = opVectors as unknown as Case<{ text: string }, Outcome<{ hash: string }>>[];
const records = recordVectors as unknown as Case<
  { hex: string },
  Outcome<{ keyId: string; signature: string; text: string }>
>[];
const bundles = bundleVectors as Case<{ hex: string }, { frames: string[]; tornAt?: number }>[];
const ids = idVectors as unknown as Case<
  { id: string } | { nowMs: number; randomHex: string; last?: OpId; observe: OpId[]; mint: number },
  { valid: boolean } | { verdicts: string[]; minted: string[] } | { ok: false; code: string }
>[];
const orders = orderVectors as unknown as Case<
  { ops: { hash: OpHash; id: OpId; prev: OpHash; heads?: OpHash[] }[] },
  { order: string[] }
>[];

async function sha256(text: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

/** The code of what is thrown, with the matchers that every browser's suite has. */
function codeThrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
  return undefined;
}

export function runVectors(): void {
  describe('vectors', () => {
    it.each([
      ['canonical', canonical],
      ['op', ops],
      ['record', records],
    ] as const)('%s has about as many refusals as acceptances, with names of their own', (_name, vectors) => {
      const refused = vectors.filter(({ expect: outcome }) => !outcome.ok).length;
      expect(refused).toBeGreaterThanOrEqual(vectors.length / 2);
      expect(refused).toBeLessThan(vectors.length);
      expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
    });

    it.each(canonical)('canonical: $name', ({ input, expect: outcome }) => {
      const text = input.text ?? (input.pieces ?? []).map(([piece, times]) => piece.repeat(times)).join('');
      const parsed = parseCanonical(text);
      expect(parsed.ok ? { ok: true } : { ok: false, code: parsed.code }).toEqual(outcome);
    });

    it.each(ops)('op: $name', async ({ input, expect: outcome }) => {
      const parsed = parseOp(input.text);
      const got = parsed.ok
        ? { ok: true, hash: await sha256(`tallystick/op/1\n${input.text}`) }
        : { ok: false, code: parsed.code };
      expect(got).toEqual(outcome);
    });

    it.each(records)('record: $name', ({ input, expect: outcome }) => {
      const bytes = decodeHex(input.hex);
      const decoded = decodeRecord(bytes);
      const got = decoded.ok
        ? { ok: true, keyId: decoded.value.keyId, signature: encodeHex(bytes.slice(32, 96)), text: decoded.value.text }
        : { ok: false, code: decoded.code };
      expect(got).toEqual(outcome);
    });

    it.each(bundles)('bundle: $name', ({ input, expect: outcome }) => {
      const { frames, tornAt } = decodeBundle(decodeHex(input.hex));
      expect(frames.map(encodeHex)).toEqual(outcome.frames);
      expect(tornAt).toBe(outcome.tornAt);
    });

    it.each(frameVectors)('frame: $name', ({ input, expect: outcome }) => {
      const collector = createFrameCollector();
      const damaged = collector
        .add(input.text)
        .map(({ line, number }) => (number === undefined ? { line } : { line, number }));
      const sets = collector.sets().map((set) => ({ ...set, bundle: encodeHex(set.bundle) }));
      expect({ sets, damaged }).toEqual(outcome);
    });

    it.each(ids)('id: $name', ({ input, expect: outcome }) => {
      if ('id' in input) return expect({ valid: parseOpId(input.id) !== undefined }).toEqual(outcome);
      const { nowMs, randomHex, last, observe, mint } = input;
      const random = (): Uint8Array => decodeHex(randomHex);
      const minter = createIdMint({ now: () => nowMs, random, ...(last === undefined ? {} : { last }) });
      const verdicts = observe.map((id) => minter.observe(id));
      if ('ok' in outcome) return expect(codeThrown(() => minter.mint())).toBe(outcome.code);
      const minted = Array.from({ length: mint }, () => minter.mint());
      return expect({ verdicts, minted }).toEqual(outcome);
    });

    it.each(orders)('order: $name', ({ input, expect: outcome }) => {
      const tail = input.ops.map(({ hash, id, prev, heads }) => {
        const op = { id, prev, ...(heads === undefined ? {} : { seen: { heads } }) };
        return { op, hash } as unknown as OpRecord;
      });
      expect(orderTail(tail).map(({ hash }) => hash)).toEqual(outcome.order);
    });
  });
}
