// Counts of verdicts, and how a browser's verdicts compare with those that Node gives.
import type { PageReport } from './page.ts';
import type { Outcome } from './suite.ts';
import { differences, type VerdictList } from './verdicts.ts';

/** What one back end made of one file. */
export interface Tally {
  readonly file: string;
  readonly backEnd: string;
  readonly cases: number;
  /** Names of the cases it judged otherwise than it must. */
  readonly wrong: readonly string[];
}

/** One tally for each list that is wanted; `webcrypto` is not wanted of a browser without it. */
export function tallyVerdicts(
  browser: string,
  { verdicts, hasEd25519 }: Pick<PageReport, 'verdicts' | 'hasEd25519'>,
  wanted: readonly VerdictList[],
): Tally[] {
  const askedFor = wanted.filter(({ backEnd }) => hasEd25519 || backEnd !== 'webcrypto');
  return askedFor.map(({ file, backEnd, verdicts: wantedVerdicts }) => {
    const got = verdicts.find((list) => list.file === file && list.backEnd === backEnd)?.verdicts ?? [];
    const wrong = differences(got, wantedVerdicts);
    return { file, backEnd: `${backEnd}, ${browser}`, cases: got.length, wrong };
  });
}

/** Our own vectors, by protocol. A case is wrong when it fails, and when Node has it and the browser not. */
export function tallyFixtures(
  browser: string,
  { fixtures }: Pick<PageReport, 'fixtures'>,
  inNode: readonly Outcome[],
): Tally[] {
  const protocols = new Set(inNode.map(protocolOf));
  return [...protocols].map((protocol) => {
    const isOfProtocol = (outcome: Outcome): boolean => protocolOf(outcome) === protocol;
    const got = fixtures.filter(isOfProtocol).map(({ name, failure }) => [name, failure === undefined] as const);
    const wanted = inNode.filter(isOfProtocol).map(({ name }) => [name, true] as const);
    return { file: `fixtures/${protocol}`, backEnd: browser, cases: got.length, wrong: differences(got, wanted) };
  });
}

function protocolOf({ name }: Outcome): string {
  return name.split(' > ', 1).join('');
}
