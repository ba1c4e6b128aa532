// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// The independent checker: it imports nothing of the packages, only node:crypto, reads docs/spec for itself, one file a spec,
// and judges every vector in fixtures/ but those in kernel/; a file it has no judge for is a failure. `node witnesses/vectors-check.mjs` prints one
// line a file.
import { readdirSync, readFileSync } from 'node:fs';
import { judges as chain } from './vectors/chain.mjs';
import { judges as custody } from './vectors/custody.mjs';
import { judges as frame } from './vectors/frame.mjs';
import { judges as note } from './vectors/note.mjs';
import { judges as op } from './vectors/op.mjs';
import { judges as roster } from './vectors/roster.mjs';
import { judges as rotation } from './vectors/rotation.mjs';
import { judges as sealed } from './vectors/sealed.mjs';
import { judges as sign } from './vectors/sign.mjs';
import { judges as snapshot } from './vectors/snapshot.mjs';
import { judges as token } from './vectors/token.mjs';

const judges = {
  ...op,
  ...chain,
  ...custody,
  ...frame,
  ...note,
  ...roster,
  ...rotation,
  ...sealed,
  ...sign,
  ...snapshot,
  ...token,
};
const fixtures = new URL('../fixtures/', import.meta.url);
const sorted = (value) =>
  JSON.stringify(value, (_, x) => (x?.constructor === Object ? Object.fromEntries(Object.entries(x).sort()) : x));

/**
 * One entry a file: how many cases, how many of them refuse something, and the names of those judged otherwise.
 * @returns {{ file: string, cases: number, refused: number, wrong: string[] }[]}
 */
export function checkVectors(isBroken = false) {
  const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' });
  return (
    files
      // The history of the kernel is judged by its fold, which takes the verbs.
      .filter((file) => file.endsWith('.json') && !file.startsWith('kernel'))
      .sort()
      .map((file) => {
        const judge = judges[file.replace('.json', '')];
        const vectors = JSON.parse(readFileSync(new URL(file, fixtures), 'utf8'));
        const wrong = vectors.filter(({ input, expect }, index) => {
          // The fault for `--break`: the verdict of the case before.
          const wanted = isBroken ? vectors.at(index - 1).expect : expect;
          return judge === undefined || sorted(judge(input)) !== sorted(wanted);
        });
        const refused = vectors.filter(({ expect }) =>
          /"ok":false|"(valid|accepted|allowed)":false|refused |waits |sign\/|tornAt|clock-ahead|"line":/.test(
            JSON.stringify(expect),
          ),
        );
        return { file, cases: vectors.length, refused: refused.length, wrong: wrong.map(({ name }) => name) };
      })
  );
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
