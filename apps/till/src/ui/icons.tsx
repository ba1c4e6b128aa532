// The icons, drawn on a 24 grid with one stroke weight. Decorative: the word beside each one is the label.
import type { ComponentChildren, VNode } from 'preact';

const paths = {
  sell: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  sales: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6',
  drawer: 'M3 10h18v9H3zM6 10V5h12v5M10 14.5h4',
  device: 'M4 4h16v12H4zM9 20h6M12 16v4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  minus: 'M6 12h12',
  plus: 'M12 6v12M6 12h12',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13',
  check: 'M5 12.5 10 17.5 19.5 7',
  alert: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.2',
  print: 'M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z',
  back: 'M14.5 5 7.5 12l7 7',
  cash: 'M3 7h18v10H3zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM6 10v4M18 10v4',
  card: 'M3 6h18v12H3zM3 10h18M7 15h4',
  erase: 'M9 5h12v14H9l-6-7zM12.5 9.5l5 5M17.5 9.5l-5 5',
  offline: 'M3 3l18 18M8.5 8.6A7 7 0 0 1 18 11a4 4 0 0 1 2.5 6.6M5.6 10.6A4.5 4.5 0 0 0 7 19h10',
  refund: 'M9 8 4.5 12.5 9 17M5 12.5h10.5a4.5 4.5 0 0 1 0 9H13M9 4h6',
  save: 'M12 4v11M7.5 10.5 12 15l4.5-4.5M4.5 19.5h15',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  scales: 'M12 4v16M7 20h10M5 7h14M5 7l-2.5 6h5zM19 7l-2.5 6h5z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 22 }: { readonly name: IconName; readonly size?: number }): VNode {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** The mark of the product: four notches and the stroke that closes them. */
export function Mark({ size = 28 }: { readonly size?: number }): VNode {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 28 28" aria-hidden="true">
      <rect width="28" height="28" rx="7" />
      <path d="M8 8v12M12 8v12M16 8v12M20 8v12M5.5 17.5l17-7" />
    </svg>
  );
}

/** A count as tally marks, in groups of five; past three groups as a number. */
export function Tally({ count }: { readonly count: number }): VNode {
  if (count > 15) return <span class="tally tally-number">{count}</span>;
  const groups: ComponentChildren[] = [];
  for (let left = count; left > 0; left -= 5) groups.push(<TallyGroup key={left} count={Math.min(5, left)} />);
  return (
    <span class="tally" aria-hidden="true">
      {groups}
    </span>
  );
}

function TallyGroup({ count }: { readonly count: number }): VNode {
  const strokes = Array.from({ length: Math.min(4, count) }, (_, index) => `M${3 + index * 4} 2v12`).join('');
  const width = count === 5 ? 18 : 2 + Math.min(4, count) * 4;
  return (
    <svg width={width} height="16" viewBox={`0 0 ${width} 16`}>
      <path d={count === 5 ? `${strokes}M1 11.5l16-7` : strokes} />
    </svg>
  );
}
