// What a drill runs on: the front ends of one relay over a real engine, and what can be done to it.
import { readFileSync, writeFileSync } from 'node:fs';
import type { NoteKey } from '@tallystick/chain';

/** The token as it reads after the lowest bit of its last digit was flipped. */
export function flippedOf(token: string): string {
  return token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) ^ 1);
}

/** In the file, in its index of claims, and not where an op says the token. */
export function flipLastBit(path: string, token: string): void {
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf(token); at >= 0; at = bytes.indexOf(token, at + 1)) {
    const isInOp = bytes[at - 1] === 0x22;
    const isLonger = /[0-9]/.test(String.fromCharCode(bytes[at + token.length] ?? 0));
    if (isInOp || isLonger) continue;
    const last = at + token.length - 1;
    bytes[last] = (bytes[last] as number) ^ 1;
    writeFileSync(path, bytes);
    return;
  }
  throw new Error(`${path} has no row of ${token}`);
}

export type Send = (request: Request) => Promise<Response>;

export interface Fault {
  readonly name: string;
  /** How often it is done in the full drill, and in the short one. */
  readonly times: { readonly full: number; readonly short: number };
  /** Does it, and resolves when what was broken is whole again; claims are made meanwhile. */
  run(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  /** The pinned key of the relay. */
  readonly relay: NoteKey;
  readonly fronts: readonly Send[];
  readonly faults: readonly Fault[];
  /**
   * Flips one bit of what one copy of the engine stores about the claim of this token, and starts what reads that copy afresh. Answers how to mend it.
   */
  flipBit?(token: string): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
