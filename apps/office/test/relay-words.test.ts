// What the office says of other devices' logs, to people who have to act on it.
import type { DeviceId, Scope } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { otherViewWords } from '../src/relay-words.ts';

it('names the device, the log and what to do, and does not say who is wrong', () => {
  const words = otherViewWords({ device: 'ab'.repeat(32) as DeviceId, scope: 'b/042' as Scope, size: 7 });
  expect(words).toContain('abababababab says that it saw another log of b/042, of 7 ops');
  expect(words).toContain('import its book file');
  expect(words).not.toMatch(/lied|convicted|fault/);
});
