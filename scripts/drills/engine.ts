// What a drill runs on: the front ends of one relay over a real engine, and what can be done to it.
import { readFileSync, writeFileSync } from 'node:fs';
import type { NoteKey } from '@tallystick/chain';

/** Of the token in the file's index of claims, and not where an op says it. Answers where. */
export function flipToken(path: string, token: string): number {
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf(token); at >= 0; at = bytes.indexOf(token, at + 1)) {
    const isInOp = bytes[at - 1] === 0x22;
    const isLonger = /[0-9]/.test(String.fromCharCode(bytes[at + token.length] ?? 0));
    if (isInOp || isLonger) continue;
    flipByte(path, at + token.length - 1);
    return at + token.length - 1;
  }
  throw new Error(`${path} has no row of ${token}`);
}

/** Its lowest bit. */
export function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

export type Send = (request: Request) => Promise<Response>;

export interface Fault {
  readonly name: string;
  /** How often it is done in the full drill, and in the short one. */
  readonly times: { readonly full: number; readonly short: number };
  /** Does it, and resolves when what was broken is whole again; claims are made meanwhile. */
  run(): Promise<void>;
}

export interface Damage {
  /** Whether it is still there: a cluster may have made the copy whole by itself, from the others. */
  readonly stands: boolean;
  mend(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  /** The pinned key of the relay. */
  readonly relay: NoteKey;
  readonly fronts: readonly Send[];
  readonly faults: readonly Fault[];
  /** How often it told its operator that something is wrong with what is stored. */
  alarms(): number;
  /** Flips one bit of what one copy of the engine stores about the claim of this token, and starts afresh what reads that copy. */
  flipBit?(token: string): Promise<Damage>;
  close(): Promise<void>;
}
