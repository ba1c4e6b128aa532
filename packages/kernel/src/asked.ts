/** What a call was given is looked at before anything is begun: whoever has no types is told by a code what was expected. */
import { parseScope } from '@tallystick/oplog';
import { KernelError } from './errors.ts';

/** Throws `kernel/bad-call`. */
export function mustBe(isRight: boolean, expected: string): asserts isRight {
  if (!isRight) throw new KernelError('kernel/bad-call', `expected ${expected}`);
}

/** Whether it has all of these methods. */
export function has(value: unknown, ...methods: readonly string[]): boolean {
  const given = value as Readonly<Record<string, unknown>> | null | undefined;
  return methods.every((name) => typeof given?.[name] === 'function');
}

export function isScope(name: unknown): boolean {
  return parseScope(name) !== undefined;
}
