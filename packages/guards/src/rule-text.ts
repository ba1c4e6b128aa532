/** Texts in rules as CEL has them: sequences of code points, where JavaScript has UTF-16 units. */

/** By code points, as CEL does: surrogates stand above the rest of the plane that they lead out of. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (one !== other) return rankOf(one) - rankOf(other);
  }
  return left.length - right.length;
}

function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}

export function codePoints(text: string): number {
  let count = 0;
  for (const _point of text) count += 1;
  return count;
}
