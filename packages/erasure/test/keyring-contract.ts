// What every keyring does. `reopen` is another handle on the same keys.
import { expect, it } from 'vitest';
import { createSubject, type Keyring, renewKey } from '../src/index.ts';

export interface KeyringUnderTest {
  readonly keyring: Keyring;
  readonly reopen: () => Keyring;
}

export function describeKeyring(open: () => KeyringUnderTest | Promise<KeyringUnderTest>): void {
  it('keeps keys by generation, the newest first, for every handle', async () => {
    const { keyring, reopen } = await open();
    const [one, other] = [createSubject(), createSubject()];
    const later = renewKey(one);
    await keyring.put(one);
    await keyring.put(later);
    await keyring.put(other);
    await keyring.put(one);
    for (const handle of [keyring, reopen()]) {
      expect(await handle.keys(one.subject)).toEqual([later, one]);
      expect(await handle.subjects()).toEqual([one.subject, other.subject].sort());
    }
  });

  it('takes no other key under a name that it has', async () => {
    const { keyring } = await open();
    const one = createSubject();
    await keyring.put(one);
    const other = { ...createSubject(), subject: one.subject };
    await expect((async () => keyring.put(other))()).rejects.toMatchObject({ code: 'erasure/key-exists' });
    expect(await keyring.keys(one.subject)).toEqual([one]);
  });

  it('destroys for good: no handle has the key, none takes it back', async () => {
    const { keyring, reopen } = await open();
    const [one, other] = [createSubject(), createSubject()];
    for (const key of [one, renewKey(one), other]) await keyring.put(key);
    const handle = reopen();
    expect(await handle.keys(one.subject)).toHaveLength(2);
    expect([await keyring.shred(one.subject), await keyring.shred(one.subject)]).toEqual([2, 0]);
    for (const left of [keyring, handle, reopen()]) {
      expect(await left.keys(one.subject)).toEqual([]);
      expect(await left.isShredded(one.subject)).toBe(true);
      expect(await left.subjects()).toEqual([other.subject]);
      await expect((async () => left.put(one))()).rejects.toMatchObject({ code: 'erasure/shredded' });
    }
    expect(await keyring.keys(other.subject)).toEqual([other]);
  });

  it('forgets until a key comes again, but not that it was shredded', async () => {
    const { keyring, reopen } = await open();
    const [one, other] = [createSubject(), createSubject()];
    for (const key of [one, other]) await keyring.put(key);
    await keyring.shred(other.subject);
    expect([await keyring.forget(one.subject), await keyring.forget(one.subject)]).toEqual([1, 0]);
    expect([await keyring.forget(other.subject), await keyring.isShredded(other.subject)]).toEqual([0, true]);
    expect([await reopen().keys(one.subject), await reopen().isShredded(one.subject)]).toEqual([[], false]);
    await keyring.put(one);
    expect(await reopen().keys(one.subject)).toEqual([one]);
  });

  it('takes no key of a subject that was shredded before it came', async () => {
    const { keyring } = await open();
    const one = createSubject();
    expect(await keyring.shred(one.subject)).toBe(0);
    await expect((async () => keyring.put(one))()).rejects.toMatchObject({ code: 'erasure/shredded' });
  });

  it('takes nothing for a subject but its name', async () => {
    const { keyring } = await open();
    const path = '../../0123456789012345678901234567' as ReturnType<typeof createSubject>['subject'];
    await expect((async () => keyring.keys(path))()).rejects.toMatchObject({ code: 'erasure/subject' });
    await expect((async () => keyring.put({ ...createSubject(), generation: 0 }))()).rejects.toMatchObject({
      code: 'erasure/key',
    });
  });
}
