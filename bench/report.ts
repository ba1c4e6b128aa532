/** The two forms of a report: one JSON object a suite, and a table for people. */
import type { Machine } from './machine.ts';
import type { Result } from './suite.ts';

export interface Report {
  readonly suite: string;
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/** One line, no more. */
export function reportToJson({ suite, machine, results }: Report): string {
  return JSON.stringify({ suite, machine, results });
}

const heads = ['result', 'median', 'min', 'max', 'unit', 'runs', 'work'] as const;

/** Columns padded to their widest cell; numbers stand to the right. */
export function reportsToTable(reports: readonly Report[]): string {
  const rows = reports.flatMap(({ results }) =>
    results.map(({ name, median, min, max, unit, runs, counts }) => [
      name,
      ...[median, min, max].map(readable),
      unit,
      String(runs),
      Object.entries(counts)
        .map(([what, count]) => `${what} ${readable(count)}`)
        .join(', '),
    ]),
  );
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column >= 1 && column <= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(heads), ...rows.map(line)].join('\n');
}

/** Thousands apart, and as many decimals as tell something. */
function readable(value: number): string {
  const decimals = value >= 1000 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 3;
  const [whole = '', fraction] = value.toFixed(decimals).split('.');
  const apart = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}
