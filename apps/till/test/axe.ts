// What axe-core finds wrong on a screen, by the rules of WCAG 2.2 AA and its own best practice.
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

type WithAxe = typeof globalThis & { axe?: typeof axe };

/** One line for each element with a fault. axe stays in the page, so that it is compiled once. */
export async function faultsOf(page: Page): Promise<string[]> {
  // Where no movement is wanted a transition takes 1 ms of the page's own time, which stands still while no frame is drawn.
  await page.waitForFunction(() => !document.getAnimations().some((moving) => moving instanceof CSSTransition));
  if (!(await page.evaluate(() => (globalThis as WithAxe).axe !== undefined))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults, string[]>(
    (values) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
        runOnly: { type: 'tag', values },
        resultTypes: ['violations'],
      }),
    standards,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} at ${target.join(' ')}`));
}
