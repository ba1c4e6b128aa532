// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// The independent checker: it imports nothing of the packages, only node:crypto, and reads docs/spec for itself. Each file in vectors/ judges a
// section of the spec that its name begins with; they share bytes.mjs, and files.mjs reads the disk. It judges every vector in fixtures/ but those
// in kernel/, whose history is judged by its fold; a file that has no judge fails. `node witnesses/vectors-check.mjs` prints one line a file.
import { judges as backupSeal } from './vectors/backup-seal.mjs';
import { judges as backup } from './vectors/backup.mjs';
import { judges as chainNote } from './vectors/chain-note.mjs';
import { judges as chainTree } from './vectors/chain-tree.mjs';
import { judges as chain } from './vectors/chain.mjs';
import { judges as envelope } from './vectors/envelope.mjs';
import { judges as erasure } from './vectors/erasure.mjs';
import { readVectors } from './vectors/files.mjs';
import { judges as opFrame } from './vectors/op-frame.mjs';
import { judges as opOrder } from './vectors/op-order.mjs';
import { judges as op } from './vectors/op.mjs';
import { judges as signArgs } from './vectors/sign-args.mjs';
import { judges as signRoster } from './vectors/sign-roster.mjs';
import { judges as signRotation } from './vectors/sign-rotation.mjs';
import { judges as recovery } from './vectors/recovery.mjs';
import { judges as relayEpoch } from './vectors/relay-epoch.mjs';
import { judges as relayGate } from './vectors/relay-gate.mjs';
import { judges as relayPage } from './vectors/relay-page.mjs';
import { judges as relayReading } from './vectors/relay-reading.mjs';
import { judges as relayRequest } from './vectors/relay-request.mjs';
import { judges as relayShown } from './vectors/relay-shown.mjs';
import { judges as relayProof } from './vectors/relay-proof.mjs';
import { judges as sign } from './vectors/sign.mjs';
import { judges as snapshot } from './vectors/snapshot.mjs';
import { judges as tally } from './vectors/tally.mjs';
import { judges as token } from './vectors/token.mjs';

const judges = {
  ...backup,
  ...backupSeal,
  ...chain,
  ...chainNote,
  ...chainTree,
  ...envelope,
  ...erasure,
  ...op,
  ...opFrame,
  ...opOrder,
  ...recovery,
  ...relayEpoch,
  ...relayGate,
  ...relayPage,
  ...relayProof,
  ...relayReading,
  ...relayRequest,
  ...relayShown,
  ...sign,
  ...signArgs,
  ...signRoster,
  ...signRotation,
  ...snapshot,
  ...tally,
  ...token,
};

const sorted = (value) =>
  JSON.stringify(value, (_, x) => (x?.constructor === Object ? Object.fromEntries(Object.entries(x).sort()) : x));

/**
 * The names of those cases that are judged otherwise than they say.
 * @returns {string[]}
 */
export function judgedOtherwise(file, vectors) {
  const judge = judges[file];
  const isWrong = ({ input, expect }) => judge === undefined || sorted(judge(input)) !== sorted(expect);
  return vectors.filter(isWrong).map(({ name }) => name);
}

/**
 * Whether a reader has something to say no to: a verdict, an answer among several, a tear, a frame that is damaged or missing.
 * @param {object} expect
 */
export function isRefusal(expect) {
  const { ok, valid, accepted, allowed, verdicts, answers, tornAt, damaged, sets, pushes } = expect;
  if ([ok, valid, accepted, allowed].includes(false) || tornAt !== undefined || damaged?.length > 0) return true;
  if (verdicts?.some((verdict) => /^(refused|waits|clock-ahead)/.test(verdict))) return true;
  // What a relay does not take, or takes with a warning.
  if (pushes?.flat().some(({ position, warnings }) => position === undefined || warnings !== undefined)) return true;
  return answers?.some((answer) => answer !== 'ok') === true || sets?.some(({ state }) => state !== 'whole') === true;
}

/**
 * One entry a file: how many cases, how many of them refuse something, and the names of those judged otherwise.
 * @returns {{ file: string, cases: number, refused: number, wrong: string[] }[]}
 */
export function checkVectors(isBroken = false) {
  return readVectors().map(([file, vectors]) => {
    // The fault for `--break`: the verdict of the case before.
    const given = isBroken ? vectors.map((vector, i) => ({ ...vector, expect: vectors.at(i - 1).expect })) : vectors;
    const refused = vectors.filter(({ expect }) => isRefusal(expect)).length;
    return { file, cases: vectors.length, refused, wrong: judgedOtherwise(file, given) };
  });
}

if (import.meta.main) {
  for (const { file, cases, refused, wrong } of checkVectors(process.argv.includes('--break'))) {
    const holds = cases > 0 && wrong.length === 0;
    console.log(
      `§VECTORS file=${file} cases=${cases} refused=${refused} wrong=${wrong.length} ${holds ? 'PASS' : 'FAIL'}`,
    );
    for (const name of wrong.slice(0, 5)) console.error(`  ${file}: ${name}`);
    if (!holds) process.exitCode = 1;
  }
}
