// Reads the palette and checks WCAG 2.2 contrast: 4.5 for text, 3 for the edges of controls and focus.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8');
const pairs = [...css.matchAll(/--([a-z-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)];

const textOn: readonly (readonly [string, readonly string[]])[] = [
  ['ink', ['bg', 'surface', 'surface-raised', 'surface-sunk', 'control']],
  ['ink-soft', ['bg', 'surface', 'surface-raised', 'surface-sunk', 'control']],
  ['ink-faint', ['bg', 'surface', 'surface-raised', 'surface-sunk']],
  ['on-accent', ['accent', 'accent-hover']],
  ['accent', ['surface', 'bg']],
  ['on-accent-soft', ['accent-soft', 'surface']],
  ['on-strong', ['strong']],
  ['on-warn-soft', ['warn-soft']],
  ['danger', ['surface', 'danger-soft']],
  ['on-danger-soft', ['danger-soft']],
];
const edgeOn: readonly (readonly [string, readonly string[]])[] = [
  ['line-strong', ['surface', 'bg']],
  ['focus', ['surface', 'bg', 'surface-sunk']],
];

/** The colours by day (0) or by lamp (1). */
function paletteOf(by: 0 | 1): ReadonlyMap<string, string> {
  return new Map(pairs.map(([, name = '', ...colours]) => [name, colours[by] ?? '']));
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(palette: ReadonlyMap<string, string>, front: string, back: string): number {
  const [one, two] = [front, back].map((name) => luminance(palette.get(name) ?? missing(name)));
  const [light, dark] = [Math.max(one ?? 0, two ?? 0), Math.min(one ?? 0, two ?? 0)];
  return (light + 0.05) / (dark + 0.05);
}

function missing(name: string): never {
  throw new Error(`no colour --${name} in this palette`);
}

describe('the palette', () => {
  it('says every colour once, for day and lamp together', () => {
    const names = [...css.matchAll(/^\s*--([a-z-]+):/gm)].map(([, name]) => name);
    expect(names).toEqual([...new Set(names)]);
    const alone = css.replaceAll(/light-dark\([^;]*;/g, '');
    expect(alone).not.toMatch(/#[0-9a-f]{3}|rgb\(|oklch\(/);
  });

  it.each([
    ['light', paletteOf(0)],
    ['dark', paletteOf(1)],
  ])('can be read in the %s', (_, palette) => {
    for (const [front, backs] of textOn) {
      for (const back of backs)
        expect(contrast(palette, front, back), `${front} on ${back}`).toBeGreaterThanOrEqual(4.5);
    }
    for (const [front, backs] of edgeOn) {
      for (const back of backs) expect(contrast(palette, front, back), `${front} on ${back}`).toBeGreaterThanOrEqual(3);
    }
  });
});
