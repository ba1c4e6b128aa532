// Where a C2SP tlog-tiles log keeps a tile: the index in groups of three digits, and the width of one that is not full.

/** Tiles and entry bundles have up to so many members. */
export const tileWidth = 256;

export interface TilePlace {
  readonly level: number;
  readonly index: number;
  /** How many members of it. */
  readonly width: number;
}

/** `x001/x234/067` for tile 1,234,067, with `.p/W` for a partial one. */
export function tilePath(index: number, width: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === tileWidth ? path : `${path}.p/${width}`;
}
