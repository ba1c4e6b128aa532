// What stands in the place of the goods where this till may not sell any more: it was copied, or the office revoked it.
import type { VNode } from 'preact';
import { isEnded } from '../model/notices.ts';
import { useTill } from '../state/context.ts';
import { exportToFile } from './export-file.ts';
import { Icon } from './icons.tsx';

const words = {
  copied: {
    title: 'Selling has stopped here: this till was copied',
    why: 'Two devices wrote with one key, as after a copied browser profile or a restored backup. Nothing is lost: as a new till this one goes on, and what had no effect counts again, once.',
  },
  revoked: {
    title: 'Selling has stopped here: this till was revoked',
    why: 'The office took it out of the shop. What it sold before stays. What it sold afterwards waits at the office, where a person decides what becomes of it.',
  },
} as const;

export function Ended(): VNode | null {
  const till = useTill();
  const why = isEnded(till.state.value);
  if (why === undefined) return null;
  return (
    <section class="ended" aria-label="This till has ended">
      <span class="fault-mark">
        <Icon name="lock" size={40} />
      </span>
      <h1>{words[why].title}</h1>
      <p>{words[why].why}</p>
      <div class="actions">
        <button type="button" class="button button-primary button-tall" onClick={() => (till.keyTask.value = 'go-on')}>
          Go on as a new till
        </button>
        <button type="button" class="button button-tall" onClick={() => void exportToFile(till)}>
          <Icon name="save" size={20} /> Export everything
        </button>
      </div>
    </section>
  );
}
