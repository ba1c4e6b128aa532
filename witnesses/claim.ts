/** One line a claim, and the count of them. */
export interface Claims {
  readonly passed: number;
  readonly failed: number;
  claim(name: string, facts: Readonly<Record<string, string | number | boolean>>, holds: boolean): void;
}

export function createClaims(print: (line: string) => void): Claims {
  let passed = 0;
  let failed = 0;
  return {
    get passed() {
      return passed;
    },
    get failed() {
      return failed;
    },
    claim: (name, facts, holds) => {
      if (holds) passed += 1;
      else failed += 1;
      const words = Object.entries(facts).map(([key, value]) => `${key}=${value}`);
      print(`§${name} ${words.join(' ')} ${holds ? 'PASS' : 'FAIL'}`);
    },
  };
}
