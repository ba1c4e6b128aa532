// Tax on a receipt, summed by rate from the lines the book recorded.

export interface TaxedLine {
  readonly taxRateBasisPoints: number;
  readonly taxMinor: number;
}

export interface TaxSum {
  readonly rateBasisPoints: number;
  readonly taxMinor: number;
}

/** Rates without tax are left out; highest rate first. */
export function taxByRate(lines: readonly TaxedLine[]): readonly TaxSum[] {
  const sums = new Map<number, number>();
  for (const line of lines) {
    sums.set(line.taxRateBasisPoints, (sums.get(line.taxRateBasisPoints) ?? 0) + line.taxMinor);
  }
  return [...sums]
    .filter(([, taxMinor]) => taxMinor !== 0)
    .map(([rateBasisPoints, taxMinor]) => ({ rateBasisPoints, taxMinor }))
    .sort((a, b) => b.rateBasisPoints - a.rateBasisPoints);
}
