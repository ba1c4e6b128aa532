// The op that a text of somebody else is, with every rule checked. docs/spec/op.md, "Members".
import { type JsonObject, maxDepth, maxTextBytes } from './canonical.ts';
import type { Result } from './errors.ts';
import { withLazyArgs } from './lazy-args.ts';
import { findFailure, type Op, type OpFailure } from './op.ts';
import { parseCanonical } from './parsed-canonical.ts';
import { plainArgsEnd } from './plain.ts';

const mostBytesOfUnit = 3;
const argsStart = '{"args":'.length;
const noArgs: JsonObject = {};

/** The op of a canonical text, or why it is none. Never throws. */
export function parseOp(text: string): Result<Op, OpFailure> {
  const argsEnd = text.length * mostBytesOfUnit <= maxTextBytes ? plainArgsEnd(text, maxDepth) : -1;
  if (argsEnd >= 0) return parsePlainOp(text, argsEnd);
  const parsed = parseCanonical(text);
  if (!parsed.ok) return parsed;
  const failure = findFailure(parsed.value);
  return failure === undefined ? { ok: true, value: parsed.value as unknown as Op } : { ok: false, ...failure };
}

/** Of a text that is canonical for certain, with args that are an object and end there. */
function parsePlainOp(text: string, argsEnd: number): Result<Op, OpFailure> {
  const members = JSON.parse(`{${text.slice(argsEnd + 1)}`) as JsonObject;
  const failure = findFailure(members, noArgs);
  if (failure !== undefined) return { ok: false, ...failure };
  return { ok: true, value: withLazyArgs(members as unknown as Omit<Op, 'args'>, text.slice(argsStart, argsEnd)) };
}
