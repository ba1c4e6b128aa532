// Takes `crypto.subtle` away and counts who asks for it. Imported first, so that no module is evaluated before it.
export const subtleTrap: { uses: number } = { uses: 0 };

Object.defineProperty(Object.getPrototypeOf(crypto) as Crypto, 'subtle', {
  get() {
    subtleTrap.uses += 1;
    return undefined;
  },
});
