// How long data of persons is kept: the rules, whose time is over, and forgetting those whom a person has seen in the list.
import type { ShownRetention } from '../web/retention.ts';
import { ask, faultOf, post } from './ask.ts';
import { element, replaceWhenChanged } from './dom.ts';
import { counted, day, whole } from './format.ts';
import { loadPersons, nameWords, titleOf } from './persons.ts';

let shown: ShownRetention = { rules: [], due: [], dueCount: 0 };

export async function loadRetention(): Promise<void> {
  const found = await post('/api/retention', {});
  if (!found.ok) return;
  shown = found.answer as unknown as ShownRetention;
  draw(shown);
}

function draw(retention: ShownRetention): void {
  const { rules, due, dueCount } = retention;
  replaceWhenChanged('retention', retention, () => [
    element(
      'ul',
      { 'aria-label': 'Rules' },
      ...(rules.length === 0
        ? [element('li', { class: 'note' }, 'Nothing is said: data of persons is kept until somebody asks.')]
        : rules.map(({ kind, days }) =>
            element('li', {}, `Data of a ${kind} is kept ${counted(days, 'day')} from when it was first sealed`),
          )),
    ),
    ...(rules.length === 0 ? [] : dueLines(due, dueCount)),
  ]);
}

function dueLines(due: ShownRetention['due'], dueCount: number): HTMLElement[] {
  if (dueCount === 0) return [element('p', { class: 'note' }, 'Nobody’s time is over.')];
  const over = due.filter(({ hold }) => hold === null);
  const more = dueCount > due.length ? ` The oldest ${whole(due.length)} are listed.` : '';
  const act = element('button', { type: 'button', class: 'quiet small' }, `Forget ${counted(over.length, 'person')}…`);
  act.addEventListener('click', () => askToForgetDue(over));
  return [
    element(
      'header',
      {},
      element('h3', {}, `Over: ${counted(dueCount, 'person')}.${more}`),
      ...(over.length === 0 ? [] : [act]),
    ),
    element(
      'ul',
      { 'aria-label': 'Whose time is over' },
      ...due.map((person) => {
        const { hold } = person;
        const kept = hold === null ? '' : `; kept by law (${hold.basis})`;
        return element('li', {}, `${titleOf(person)} · ${nameWords(person)}, since ${day(person.since)}${kept}`);
      }),
    ),
  ];
}

function askToForgetDue(due: ShownRetention['due']): void {
  const names = due.map((person) => `${titleOf(person)} (${nameWords(person)})`);
  ask({
    title: `Forget ${counted(due.length, 'person')} whose time is over`,
    text: `Every device destroys the keys of what is said of them, and nobody can take it back: ${names.join(', ')}. Sales and sums stay as they are.`,
    fields: [],
    confirm: 'Forget them',
    act: async () => {
      const fault = await faultOf('/api/acts/retention-run', { subjects: due.map(({ subject }) => subject) });
      await Promise.all([loadPersons(), loadRetention()]);
      return fault;
    },
  });
}

export function askForRule(): void {
  const [rule] = shown.rules;
  ask({
    title: 'How long data is kept',
    text: 'Counted in days from the day on which a person’s data was first sealed, or sealed under a new key. Whose time is over is listed here; nobody is forgotten by itself.',
    fields: [
      { kind: 'text', name: 'kind', label: 'Of whom, such as customer', value: rule?.kind ?? 'customer' },
      { kind: 'text', name: 'days', label: 'Days', value: rule === undefined ? '' : String(rule.days) },
    ],
    confirm: 'Keep so long',
    act: async (values) => {
      const fault = await faultOf('/api/acts/retention-set', values);
      if (fault === undefined) await loadRetention();
      return fault;
    },
  });
}
