/** A query that answers again whenever a change has made its rows others. */

/** Hands rows on when they are not what was handed on last. */
export function onlyOthers<Row extends object>(
  listener: (rows: readonly Row[]) => void,
): (rows: readonly Row[]) => void {
  let shown: string | undefined;
  return (rows) => {
    const text = JSON.stringify(rows);
    if (text === shown) return;
    shown = text;
    listener(rows);
  };
}
