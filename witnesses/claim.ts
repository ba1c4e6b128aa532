/** What a witness is, and the one line it prints for each claim. */

/** How much was looked at. A count of nought makes a claim fail: nothing was witnessed. */
export type Population = Readonly<Record<string, number>>;
export type Facts = Readonly<Record<string, string | number | boolean>>;

export interface Trial {
  /** Break the thing that each claim speaks of, so that every claim must fail. */
  readonly broken: boolean;
  /** Prints `§NAME key=value ... PASS|FAIL`. */
  claim(population: Population, facts: Facts, holds: boolean): void;
}

export interface Witness {
  readonly name: string;
  /** How many claims it makes at least; fewer is a failure. */
  readonly claims: number;
  run(trial: Trial): Promise<void>;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** Runs one witness to its end; what it throws is a failure like any other. */
export async function hear(witness: Witness, broken: boolean, print: (line: string) => void): Promise<Outcome> {
  let passed = 0;
  let failed = 0;
  const say = (facts: Facts, holds: boolean): void => {
    if (holds) passed += 1;
    else failed += 1;
    const words = Object.entries(facts).map(([key, value]) => `${key}=${value}`);
    print(`§${witness.name} ${words.join(' ')} ${holds ? 'PASS' : 'FAIL'}`);
  };
  try {
    await witness.run({
      broken,
      claim: (population, facts, holds) =>
        say({ ...population, ...facts }, holds && Object.values(population).every((count) => count > 0)),
    });
  } catch (error) {
    say({ threw: JSON.stringify(String(error)) }, false);
  }
  const made = passed + failed;
  if (made < witness.claims) say({ claims: made, promised: witness.claims }, false);
  return { passed, failed };
}
