// The names of subjects and the numbers of their keys.

declare const brand: unique symbol;
/** 32 lowercase hex digits of dice. */
export type SubjectId = string & { readonly [brand]: 'SubjectId' };

export const maxGeneration = 999_999;
const subjectPattern = /^[0-9a-f]{32}$/;

export function parseSubject(text: unknown): SubjectId | undefined {
  return typeof text === 'string' && subjectPattern.test(text) ? (text as SubjectId) : undefined;
}

export function isGeneration(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxGeneration;
}
