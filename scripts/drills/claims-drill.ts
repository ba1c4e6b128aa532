// Claims under fire on a real engine: three contenders a token, faults one after another, then the log is asked who was right.
import { nodeHasher } from '@tallystick/chain/node';
import { createRelayClient } from '@tallystick/relay-protocol';
import { nodeEd25519 } from '@tallystick/sign/node';
import { createCast, type Device, hq } from '../../packages/cas/test/cast.ts';
import { until } from '../servers/child-server.ts';
import { type Findings, judgeEndings, readLog } from './audit.ts';
import { claimantAt, contend, createContender, type Ending } from './contest.ts';
import type { Engine, Fault, Send } from './engine.ts';

export interface DrillOptions {
  /** Tokens at least, each of which three devices claim. */
  readonly tokens: number;
  readonly size: 'full' | 'short';
  readonly print: (line: string) => void;
}

export interface DrillReport extends Findings {
  readonly engine: string;
  readonly tokens: number;
  readonly claims: number;
  readonly faults: number;
  /** How often an answer did not come; every such claim was asked for again. */
  readonly unknowns: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The longest time in which nobody was answered. */
  readonly worstDowntimeMs: number;
  /** Of a token whose row was damaged: how the claim of a latecomer ended. Nothing where the engine has no such fault. */
  readonly flipped: string;
  /** The damage was not made good by the engine itself. */
  readonly damageStands: boolean;
  /** How often the operator was told of it. */
  readonly alarms: number;
  /** Latecomers who were told of another owner than the log has, by relays that were started afresh. */
  readonly misledLater: number;
}

const lanes = 8;
const latecomers = 25;

export async function drillClaims(engine: Engine, { tokens: count, size, print }: DrillOptions): Promise<DrillReport> {
  const cast = await createCast({ hasher: nodeHasher, ed25519: nodeEd25519 }, lanes * 3 + 1);
  const front = engine.fronts[0] as Send;
  await createRelayClient({ url: 'http://relay.drill', fetch: front }).push(cast.book, hq, cast.opening);
  const endings: Ending[] = [];
  const plan = engine.faults.flatMap((fault) => Array.from({ length: fault.times[size] }, () => fault));
  let [asked, isCalm] = [0, false];
  // Claims are made until the last fault is over, so that none comes to nobody.
  const nextToken = (): string | undefined => (asked < count || !isCalm ? `drill/${asked++}` : undefined);
  const contest = contend(engine, cast, nextToken, (ending) => endings.push(ending));
  const outcome = contest.then(
    () => 'over' as const,
    (error: unknown) => ({ error }),
  );
  let isOver = false;
  void outcome.then(() => (isOver = true));
  const total = count * 3;
  for (const [index, fault] of interleave(plan).entries()) {
    const due = Math.floor((total * (index + 1)) / (plan.length + 1));
    await until(`${due} claims are answered`, async () => endings.length >= due || isOver, 600_000);
    if (isOver) break;
    const downMs = await inject(fault, endings, () => isOver);
    print(`${engine.name}: ${fault.name}: nobody answered for ${Math.round(downMs)} ms`);
  }
  isCalm = true;
  const ended = await outcome;
  if (ended !== 'over') throw ended.error;
  const findings = await Promise.all(
    engine.fronts.map(async (send) => judgeEndings(await readLog(engine, cast, send), endings)),
  );
  const latecomer = cast.devices[lanes * 3] as Device;
  const misledLater = await askLate(engine, cast, latecomer, endings);
  return {
    engine: engine.name,
    tokens: asked,
    claims: endings.length,
    faults: plan.length,
    ...worst(findings),
    unknowns: endings.reduce((sum, { unknowns }) => sum + unknowns, 0),
    ...latencies(endings),
    misledLater,
    ...(await flipAndAsk(engine, cast, latecomer, `drill/${Math.floor(asked / 2)}`)),
    alarms: engine.alarms(),
  };
}

/** Whether all that must hold does. */
export function isWhole(report: DrillReport): boolean {
  const {
    tokens,
    claims,
    lost,
    doubleGrants,
    misled,
    misledLater,
    unresolved,
    repeated,
    flipped,
    damageStands,
    alarms,
  } = report;
  const isClean = [lost, doubleGrants, misled, misledLater, unresolved, repeated].every((found) => found === 0);
  // It may go on with a copy that is whole; what it must not do is pass over the damage, or grant what is taken.
  const isNoticed = flipped === 'none' || (/^(held|relay\/)/.test(flipped) && (alarms > 0 || !damageStands));
  return isClean && tokens > 0 && claims === tokens * 3 && report.logSize === claims && isNoticed;
}

/** One of each kind after another, so that no kind comes while all is fresh, or at the end, only. */
function interleave(plan: readonly Fault[]): readonly Fault[] {
  const seen = new Map<string, number>();
  const turned = plan.map((fault) => {
    const turn = seen.get(fault.name) ?? 0;
    seen.set(fault.name, turn + 1);
    return { fault, turn };
  });
  return turned.sort((left, right) => left.turn - right.turn).map(({ fault }) => fault);
}

/** Answers for how long nobody was answered. */
async function inject(fault: Fault, endings: readonly Ending[], isOver: () => boolean): Promise<number> {
  const startMs = performance.now();
  const before = endings.length;
  await fault.run();
  const healedMs = performance.now();
  await until('somebody is answered again', async () => isOver() || (endings.at(-1)?.atMs ?? 0) > healedMs, 120_000);
  return longestGap([startMs, ...endings.slice(before).map(({ atMs }) => atMs)]);
}

/** In ms. The times come in any order: a claim that lost is told of after its op was handed in, too. */
function longestGap(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(0, ...sorted.slice(1).map((atMs, index) => atMs - (sorted[index] as number)));
}

/** Asks for tokens that are long taken, with a device that has not been there: index, memory and log must still say one thing. */
async function askLate(
  engine: Engine,
  cast: Awaited<ReturnType<typeof createCast>>,
  latecomer: Device,
  endings: readonly Ending[],
): Promise<number> {
  const granted = endings.filter(({ outcome }) => outcome.kind === 'granted');
  const step = Math.max(1, Math.floor(granted.length / latecomers));
  const asked = granted.filter((_, index) => index % step === 0);
  const claimants = engine.fronts.map((_, front) => claimantAt(engine, cast, front));
  const contender = createContender(latecomer, claimants);
  let misled = 0;
  for (const { token, op } of asked) {
    const { outcome } = await contender(token);
    if (outcome.kind !== 'held' || outcome.holder.hash !== op.hash) misled += 1;
  }
  return misled;
}

/** What a latecomer is told of a token whose row was damaged: `none` where nothing is damaged, a code where it is not decided. */
async function flipAndAsk(
  engine: Engine,
  cast: Awaited<ReturnType<typeof createCast>>,
  latecomer: Device,
  token: string,
): Promise<Pick<DrillReport, 'flipped' | 'damageStands'>> {
  if (engine.flipBit === undefined) return { flipped: 'none', damageStands: false };
  const { mend, stands: damageStands } = await engine.flipBit(token);
  const op = await latecomer.claimOp(token);
  const told = await claimantAt(engine, cast, 0).claim(token, op, { deadlineMs: 5_000 });
  await mend();
  const after = await claimantAt(engine, cast, 0).claim(token, op);
  const flipped = told.kind === 'unknown' ? told.why : told.kind;
  return { damageStands, flipped: after.kind === 'held' ? flipped : `after it was mended: ${after.kind}` };
}

function worst(findings: readonly Findings[]): Findings {
  const most = (key: keyof Findings): number => Math.max(...findings.map((found) => found[key]));
  return {
    logSize: most('logSize'),
    lost: most('lost'),
    doubleGrants: most('doubleGrants'),
    misled: most('misled'),
    unresolved: most('unresolved'),
    repeated: most('repeated'),
  };
}

function latencies(endings: readonly Ending[]): Pick<DrillReport, 'p50Ms' | 'p99Ms' | 'worstDowntimeMs'> {
  const took = endings.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number): number => Math.round((took[Math.floor(took.length * share)] ?? 0) * 10) / 10;
  return { p50Ms: at(0.5), p99Ms: at(0.99), worstDowntimeMs: Math.round(longestGap(endings.map(({ atMs }) => atMs))) };
}
