/** What a witness is, and the one line it prints for each claim. */

/** How much was looked at. A count of nought makes a claim fail: nothing was witnessed. */
export type Population = Readonly<Record<string, number>>;
export type Facts = Readonly<Record<string, string | number | boolean>>;

export interface Trial {
  /** Break the thing that each claim speaks of, so that every claim must fail. */
  readonly broken: boolean;
  /** Prints `§NAME key=value ... PASS|FAIL`; `facts.claim` is the claim's name. */
  claim(population: Population, facts: Facts, holds: boolean): void;
  /** Says of a claim that it could not be looked at here: prints `§NAME claim=... missing=... DID-NOT-RUN`, which is no success either. */
  absent(claim: string, error: Absent): void;
}

/** Something outside of this repository that a claim needs is not on this machine. */
export class Absent extends Error {
  /** What a person has to install. */
  readonly missing: readonly string[];

  constructor(missing: readonly string[]) {
    super(`not installed: ${missing.join(', ')}`);
    this.missing = missing;
  }
}

export interface Witness {
  readonly name: string;
  /** The names of the claims that it makes, or at least how many where they have none. One that is not made is a failure. */
  readonly claims: readonly string[] | number;
  run(trial: Trial): Promise<void>;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** Claims that could not be looked at on this machine; they have no verdict. */
  readonly absent: number;
  /** By full name, `WITNESS/CLAIM`, or `WITNESS` of claims without one: whether all of that name held. */
  readonly verdicts: ReadonlyMap<string, boolean>;
}

/** The full names of the claims of a witness. */
export function claimNames({ name, claims }: Witness): readonly string[] {
  return typeof claims === 'number' ? [name] : claims.map((claim) => `${name}/${claim}`);
}

/** Runs one witness to its end; what it throws is a failure like any other. */
export async function hear(witness: Witness, broken: boolean, print: (line: string) => void): Promise<Outcome> {
  let passed = 0;
  let failed = 0;
  const absent = new Set<string>();
  const verdicts = new Map<string, boolean>();
  const say = (facts: Facts, holds: boolean): void => {
    if (holds) passed += 1;
    else failed += 1;
    const { claim } = facts;
    const full = claim === undefined ? witness.name : `${witness.name}/${claim}`;
    verdicts.set(full, holds && verdicts.get(full) !== false);
    const words = Object.entries(facts).map(([key, value]) => `${key}=${value}`);
    print(`§${witness.name} ${words.join(' ')} ${holds ? 'PASS' : 'FAIL'}`);
  };
  try {
    await witness.run({
      broken,
      claim: (population, facts, holds) =>
        say({ ...population, ...facts }, holds && Object.values(population).every((count) => count > 0)),
      absent: (claim, { missing }) => {
        absent.add(`${witness.name}/${claim}`);
        print(`§${witness.name} claim=${claim} missing="${missing.join(' ')}" DID-NOT-RUN`);
      },
    });
  } catch (error) {
    say({ threw: JSON.stringify(String(error)) }, false);
  }
  const made = passed + failed + absent.size;
  if (typeof witness.claims === 'number') {
    if (made < witness.claims) say({ claims: made, promised: witness.claims }, false);
  } else
    for (const name of claimNames(witness).filter((name) => !verdicts.has(name) && !absent.has(name)))
      say({ claims: made, missing: name }, false);
  return { passed, failed, absent: absent.size, verdicts };
}
