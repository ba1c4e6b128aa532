// The cards of "This till", and what stands in their rows.
import type { ComponentChildren, VNode } from 'preact';

export function Card({ title, children }: { readonly title: string; readonly children: ComponentChildren }): VNode {
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function Rows({ rows }: { readonly rows: readonly (readonly [string, ComponentChildren])[] }): VNode {
  return (
    <dl class="rows">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Code({ text }: { readonly text: string }): VNode {
  return (
    <code class="code" title={text}>
      {text.slice(0, 8)} {text.slice(8, 16)}…
    </code>
  );
}

export function bytesText(bytes: number): string {
  const kilo = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 1 });
  const mega = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 });
  return bytes < 1_000_000 ? kilo.format(bytes / 1_000) : mega.format(bytes / 1_000_000);
}
