// What may be here at once: stores that have everything at hand answer without a promise, and a turn of waiting for each question costs as much as the answer.
import type { MaybePromise } from '@tallystick/oplog';

/** `use` of the value: at once where it is here, else when it has come. */
export function whenHere<T, U>(value: MaybePromise<T>, use: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** What each asks for: at once where none has to be waited for. One that throws is as one that rejects: those that are waited for beside it are still heard. */
export function allHere<T>(asks: readonly (() => MaybePromise<T>)[]): MaybePromise<readonly T[]> {
  const values = asks.map((ask) => {
    try {
      return ask();
    } catch (error) {
      return Promise.reject<T>(error);
    }
  });
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[]);
}
