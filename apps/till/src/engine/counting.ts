// Whether somebody counts goods here. From the beginning of a count until it is saved or given up nothing on the screen says how much there should be, also
// after a reload.
import type { OpenShop } from './open-shop.ts';

const noteName = 'till/counting';

export function isCounting({ log }: Pick<OpenShop, 'log'>): boolean {
  return log.meta(noteName) === '1';
}

/** False where that is how it was. */
export async function noteCounting({ log }: Pick<OpenShop, 'log'>, now: boolean): Promise<boolean> {
  if (isCounting({ log }) === now) return false;
  await log.setMeta(noteName, now ? '1' : '');
  return true;
}
