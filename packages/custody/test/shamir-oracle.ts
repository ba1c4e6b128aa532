// Shamir's scheme over GF(2^8), written from its definition and independent of the library: numbers multiplied bit by bit, the
// secret read off by Lagrange's formula at 0.

/** Multiplication modulo x^8 + x^4 + x^3 + x + 1. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0, term = a; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= term;
    term = (term << 1) ^ (term & 0x80 ? 0x11b : 0);
  }
  return product;
}

/** a^254: the inverse of everything but 0. */
function invert(a: number): number {
  let power = 1;
  for (let i = 0; i < 254; i++) power = multiply(power, a);
  return power;
}

/** `values` are 33 bytes each: 32 values of the polynomials, and the place x where they were taken. */
export function interpolateAtZero(values: readonly Uint8Array[]): Uint8Array {
  const secret = new Uint8Array(32);
  for (const value of values) {
    const x = value[32] as number;
    let weight = 1;
    for (const other of values) {
      const otherX = other[32] as number;
      if (otherX !== x) weight = multiply(weight, multiply(otherX, invert(otherX ^ x)));
    }
    for (let i = 0; i < 32; i++) secret[i] = (secret[i] as number) ^ multiply(value[i] as number, weight);
  }
  return secret;
}
