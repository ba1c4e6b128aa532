// Plain text tables for terminals.

/** Lines of a table; a heading that begins with `>` aligns its column to the right. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const names = headings.map((heading) => heading.replace(/^>/, ''));
  const widths = names.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        headings[column]?.startsWith('>') ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(names), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)];
}

/** A quantity that counts units of 10^-unitScale. */
export function formatQuantity(onHand: number, unitScale: number): string {
  if (unitScale === 0) return String(onHand);
  const digits = String(Math.abs(onHand)).padStart(unitScale + 1, '0');
  return `${onHand < 0 ? '-' : ''}${digits.slice(0, -unitScale)}.${digits.slice(-unitScale)}`;
}
