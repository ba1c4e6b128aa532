// The soak in seconds, and that it goes red: over a relay that was put back to an older state, and over figures that grow.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../bench/program.ts';
import { makeFolder } from '../../bench/machine.ts';
import { growthOf, isSound, type Lifetime, type SoakReport } from '../soak/report.ts';
import { type SoakOptions, soakRelay } from '../soak/soak-relay.ts';

const built = makeFolder();
const program = await buildProgram(new URL('../../apps/relay/src/program.ts', import.meta.url), built);
afterAll(() => rmSync(built, { recursive: true, force: true }));

async function soak(durationMs: number, more: Partial<SoakOptions> = {}): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-soak-'));
  try {
    const common = { program, folder, tills: 20, opsPerSecond: 200, seed: 1, print: () => undefined };
    return await soakRelay({ ...common, durationMs, ...more });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the soak', () => {
  it('loses nothing over kills', async () => {
    let report = await soak(3_000);
    // A busy machine may still be starting its relay when that is over.
    if (report.kills === 0) report = await soak(30_000);
    expect(report).toMatchObject({ lost: 0, unknown: 0, centsOff: 0 });
    expect(report.kills).toBeGreaterThan(0);
    expect(report.ops).toBeGreaterThan(0);
  });

  it('ends where a relay comes back with less than it promised', async () => {
    const older = mkdtempSync(join(tmpdir(), 'tallystick-older-'));
    rmSync(older, { recursive: true });
    const whileDown = (dataDir: string): void => {
      const [from, to] = existsSync(older) ? [older, dataDir] : [dataDir, older];
      if (to === dataDir) rmSync(dataDir, { recursive: true });
      cpSync(from, to, { recursive: true });
    };
    await expect(soak(8_000, { whileDown })).rejects.toThrow(/was answered (?:gap|basis)/);
    rmSync(older, { recursive: true });
  });

  it('is not sound where anything grows, or is lost', () => {
    const lifetime = { ops: 100, startMs: 9, peakRssMb: 100, openFiles: 9, p99Ms: 5 };
    const flat = [0, 100, 200, 300].map(
      (opsBefore): Lifetime => ({ ...lifetime, opsBefore, diskBytes: opsBefore + 100 }),
    );
    const whole = { ops: 400, kills: 3, unanswered: 2, lost: 0, unknown: 0, centsOff: 0 };
    const timed = { minutes: 1, opsPerSecond: 1, worstStartMs: 9, lastStartMs: 9 };
    const sound: SoakReport = { ...whole, ...timed, ...growthOf(flat) };
    expect(isSound(sound)).toBe(true);
    const grown = (one: Lifetime, index: number): Lifetime => ({ ...one, peakRssMb: 100 * (index + 1) });
    expect(isSound({ ...sound, ...growthOf(flat.map(grown)) })).toBe(false);
    for (const wrong of [{ lost: 1 }, { unknown: 1 }, { centsOff: 1 }, { kills: 0 }, { ops: 0 }, { latencyGrowth: 5 }])
      expect(isSound({ ...sound, ...wrong }), JSON.stringify(wrong)).toBe(false);
  });
});
