// The bar chart of sales: what was sold above the line, what came back below it, and the same as a table for those who do not
// see it.
import { element, shape } from './dom.ts';

export interface Bar {
  readonly label: string;
  readonly longLabel: string;
  readonly gross: number;
  /** Zero or negative. */
  readonly refunded: number;
}

const width = 720;
const height = 260;
const left = 56;
const bottom = 26;
const top = 10;

/** The chart, or a sentence when there is nothing to draw. `axis` writes a value for the scale, `value` in full. */
export function barChart(
  bars: readonly Bar[],
  axis: (value: number) => string,
  value: (value: number) => string,
): Node[] {
  if (bars.length === 0)
    return [element('p', { class: 'empty' }, 'No sales yet. They appear here as the tills hand them in.')];
  const high = niceCeiling(Math.max(...bars.map((bar) => bar.gross), 1));
  const low = -niceCeiling(Math.max(...bars.map((bar) => -bar.refunded), 0));
  const y = (amount: number): number => top + ((high - amount) / (high - low)) * (height - bottom - top);
  const slot = (width - left - 8) / bars.length;
  const thick = Math.min(slot * 0.68, 46);
  const drawn = bars.flatMap((bar, index) => {
    const x = left + slot * index + (slot - thick) / 2;
    const every = Math.ceil(bars.length / 12);
    const label = index % every === 0 ? [slotLabel(x + thick / 2, index / every, bar.label)] : [];
    const title = `${bar.longLabel}: ${value(bar.gross)} sold, ${value(-bar.refunded)} returned`;
    return [
      column('gross', x, y(bar.gross), thick, y(0) - y(bar.gross), title),
      column('refunded', x, y(0), thick, y(bar.refunded) - y(0), title),
      ...label,
    ];
  });
  const steps = [high, high / 2, 0, ...(low < 0 ? [low] : [])];
  const scale = steps.flatMap((step) => [
    shape('line', { class: 'grid', x1: String(left), x2: String(width), y1: String(y(step)), y2: String(y(step)) }),
    text(left - 8, y(step) + 4, 'end', axis(step)),
  ]);
  const picture = shape('svg', { viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' }, ...scale, ...drawn);
  return [picture, table(bars, value)];
}

function column(name: string, x: number, y: number, thick: number, tall: number, title: string): SVGElement {
  const size = { x: String(x), y: String(y), width: String(thick), height: String(Math.max(0, tall)), rx: '3' };
  return shape('rect', { class: name, ...size }, shape('title', {}, title));
}

function text(x: number, y: number, anchor: string, content: string): SVGElement {
  return shape('text', { x: String(x), y: String(y), 'text-anchor': anchor }, content);
}

/** On a narrow screen, where letters are larger against the picture, only every other label has room. */
function slotLabel(x: number, place: number, label: string): SVGElement {
  const drawn = text(x, height - 8, 'middle', label);
  if (place % 2 === 1) drawn.setAttribute('class', 'where-there-is-room');
  return drawn;
}

function table(bars: readonly Bar[], value: (value: number) => string): HTMLElement {
  const rows = bars.map((bar) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, bar.longLabel),
      element('td', {}, value(bar.gross)),
      element('td', {}, value(-bar.refunded)),
    ),
  );
  const head = element('tr', {}, ...['When', 'Sold', 'Returned'].map((name) => element('th', { scope: 'col' }, name)));
  return element('table', { class: 'visually-hidden' }, element('thead', {}, head), element('tbody', {}, ...rows));
}

/** The next 1, 2, 2.5 or 5 times a power of ten. */
function niceCeiling(amount: number): number {
  if (amount <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(amount));
  return power * ([1, 2, 2.5, 5, 10].find((step) => step * power >= amount) ?? 10);
}
