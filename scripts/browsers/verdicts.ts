// Verdicts as a page reports them: one list a file and back end, in the order of the file.
import { type BackEnds, type PublishedFile, portableJudges } from './published-cases.ts';

export interface VerdictList {
  readonly file: string;
  readonly backEnd: string;
  readonly verdicts: readonly (readonly [name: string, verdict: unknown])[];
}

/** Of the files that any platform can judge; the others are passed over. */
export async function collectVerdicts(files: readonly PublishedFile[], backEnds: BackEnds): Promise<VerdictList[]> {
  const lists: VerdictList[] = [];
  for (const published of files) {
    const judge = portableJudges.find(([pattern]) => pattern.test(published.file))?.[1];
    if (judge === undefined) continue;
    const verdictsByBackEnd = new Map<string, [string, unknown][]>();
    for await (const { name, verdictByBackEnd } of judge(published, backEnds)) {
      for (const [backEnd, verdict] of Object.entries(verdictByBackEnd)) {
        const verdicts = verdictsByBackEnd.get(backEnd) ?? [];
        verdictsByBackEnd.set(backEnd, verdicts);
        verdicts.push([name, verdict]);
      }
    }
    for (const [backEnd, verdicts] of verdictsByBackEnd) lists.push({ file: published.file, backEnd, verdicts });
  }
  return lists;
}

/**
 * Names of the cases judged otherwise than in `wanted`, which holds the verdicts that this back end must give of this file; a
 * case that was not judged, or judged in another place, is among them.
 */
export function differences(got: VerdictList['verdicts'], wanted: VerdictList['verdicts']): string[] {
  const longest = got.length > wanted.length ? got : wanted;
  return longest.flatMap(([name], index) => {
    const [gotName, gotVerdict] = got[index] ?? [];
    const [wantedName, wantedVerdict] = wanted[index] ?? [];
    return gotName === wantedName && Object.is(gotVerdict, wantedVerdict) ? [] : [name];
  });
}
