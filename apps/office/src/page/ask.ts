// Asking the person at the page before something is done, and saying in the same dialog what came of it.
import { byId, element } from './dom.ts';

/** One thing to fill in. */
export type Field =
  | {
      readonly kind: 'text';
      readonly name: string;
      readonly label: string;
      readonly value?: string;
      readonly rows?: number;
      readonly isOptional?: true;
    }
  | { readonly kind: 'choice'; readonly name: string; readonly label: string; readonly choices: readonly Choice[] }
  /** The text of a file on this machine, which is read here and kept nowhere. */
  | { readonly kind: 'file'; readonly name: string; readonly label: string; readonly isOptional?: true };

interface Choice {
  readonly value: string;
  readonly words: string;
}

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly fields: readonly Field[];
  readonly confirm: string;
  /** Does it, with what was filled in; answers what went wrong, in words, or undefined. */
  readonly act: (values: Readonly<Record<string, string>>) => Promise<string | undefined>;
}

/** Opens the dialog. It closes when what was asked for is done. */
export function ask(question: Question): void {
  const dialog = byId('ask') as HTMLDialogElement;
  const said = element('p', { class: 'fault', role: 'alert' });
  const confirm = element('button', { class: 'primary' }, question.confirm) as HTMLButtonElement;
  const cancel = element('button', { type: 'button', class: 'quiet' }, 'Cancel');
  cancel.addEventListener('click', () => dialog.close());
  const form = element(
    'form',
    {},
    element('h2', { id: 'ask-title' }, question.title),
    element('p', {}, question.text),
    ...question.fields.map(drawField),
    said,
    element('div', { class: 'dialog-actions' }, cancel, confirm),
  ) as HTMLFormElement;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    confirm.disabled = true;
    said.textContent = '';
    void readValues(form)
      .then(question.act)
      .then((fault) => {
        // Cancelled meanwhile, and asking for something else by now.
        if (!form.isConnected) return;
        confirm.disabled = false;
        if (fault === undefined) dialog.close();
        else said.textContent = fault;
      });
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}

function drawField(field: Field): HTMLElement {
  const isOptional = field.kind !== 'choice' && field.isOptional === true;
  const attributes = { name: field.name, autocomplete: 'off', ...(isOptional ? {} : { required: true }) };
  switch (field.kind) {
    case 'file':
      return element('label', {}, field.label, element('input', { ...attributes, type: 'file' }));
    case 'choice':
      return element(
        'label',
        {},
        field.label,
        element('select', attributes, ...field.choices.map(({ value, words }) => element('option', { value }, words))),
      );
    case 'text': {
      if (field.rows === undefined)
        return element('label', {}, field.label, element('input', { ...attributes, value: field.value ?? '' }));
      const area = element('textarea', { ...attributes, rows: String(field.rows), spellcheck: 'false' });
      return element('label', {}, field.label, area);
    }
  }
}

async function readValues(form: HTMLFormElement): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) values[name] = typeof value === 'string' ? value : await value.text();
  return values;
}

/** Asks the office to do something; what it refused in words, or its answer. */
export async function post(
  path: string,
  body: Readonly<Record<string, unknown>>,
): Promise<
  { readonly ok: true; readonly answer: Record<string, unknown> } | { readonly ok: false; readonly fault: string }
> {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as Record<string, unknown>;
    if (response.ok) return { ok: true, answer };
    return { ok: false, fault: `${String(answer['message'])}.` };
  } catch {
    return { ok: false, fault: 'The office does not answer.' };
  }
}

/** The fault of an act that answers nothing else. */
export async function faultOf(path: string, body: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  const done = await post(path, body);
  return done.ok ? undefined : done.fault;
}
