// The view of persons: who they are where this office may show it, what they asked, what keeps them, and how far an erasure has come.
import type { ShownPerson } from '../web/persons.ts';
import type { Place } from '../places.ts';
import type { Archives } from '../web/person-papers.ts';
import { ask, faultOf, post } from './ask.ts';
import { element, inputById, replaceWhenChanged } from './dom.ts';
import { counted, day } from './format.ts';
import { askToHandOut, showCertificate } from './person-papers.ts';

let loading: Promise<void> = Promise.resolve();
/** As they were asked for last, by subject; gone with the page. */
const placesBySubject = new Map<string, readonly Place[]>();
let archives: Archives = { scopes: [], places: [] };

/** Asks for them anew. They are no part of the state, which every change sends again. */
export function loadPersons(): Promise<void> {
  return (loading = loading.then(load).catch(() => undefined));
}

async function load(): Promise<void> {
  const who = inputById('person-search').value.trim();
  const found = await post('/api/persons', { who });
  if (!found.ok) return;
  archives = found.answer['archives'] as Archives;
  drawPersons(found.answer['persons'] as readonly ShownPerson[], who);
}

function drawPersons(persons: readonly ShownPerson[], who: string): void {
  replaceWhenChanged('persons', [persons, who, ...placesBySubject], () =>
    persons.length === 0
      ? [
          element(
            'p',
            { class: 'empty' },
            who === '' ? 'The books hold nothing of any person.' : `The books hold nothing of ${who}.`,
          ),
        ]
      : persons.map(drawPerson),
  );
}

export function titleOf({ subject, customers }: ShownPerson): string {
  return customers.length === 0 ? `Subject ${subject.slice(0, 8)}` : `Customer ${customers.join(', ')}`;
}

function drawPerson(person: ShownPerson): HTMLElement {
  const { subject, requests, hold } = person;
  const title = titleOf(person);
  return element(
    'section',
    { class: 'waiting', 'aria-label': title },
    element(
      'header',
      {},
      element('h3', {}, `${title} · ${nameWords(person)}`),
      element('div', { class: 'card-actions' }, ...actions(person, title)),
    ),
    element(
      'ul',
      {},
      ...requests.map(({ kind, day: of }) =>
        element('li', {}, `Asked for ${requestWords[kind] ?? kind} on ${day(of)}`),
      ),
      ...(hold === null
        ? []
        : [
            element(
              'li',
              {},
              `Kept by law (${hold.basis})${hold.untilDay === '' ? '' : ` until ${day(hold.untilDay)}`}`,
            ),
          ]),
      ...erasureLines(person).map((line) => element('li', {}, line)),
      ...(placesBySubject.get(subject) ?? []).map(drawPlace),
    ),
  );
}

/** What was found is said first, file by file. */
function drawPlace({ kind, where, state, words, found }: Place): HTMLElement {
  const files =
    found.length === 0 ? [] : [element('strong', {}, `Found in ${found.join(state === 'look' ? '; ' : ', ')}. `)];
  return element(
    'li',
    { 'data-state': state },
    ...files,
    `${placeWords[kind]} ${where}: ${stateWords[state]}; ${words}`,
  );
}

const placeWords: Readonly<Record<Place['kind'], string>> = {
  replica: 'Device',
  directory: 'Folder',
  books: 'Ops, by their',
  relay: 'Relay',
  mirror: 'Mirror',
  backup: 'Backups',
  export: 'Export',
  access: 'Handed out',
  telemetry: 'Records of machines:',
};

const stateWords: Readonly<Record<Place['state'], string>> = {
  clean: 'nothing of it is there',
  found: 'it is there',
  look: 'look whether it is theirs',
  acknowledged: 'keys destroyed',
  open: 'still to be seen to',
  gone: 'not there any more',
  sealed: 'sealed',
};

const requestWords: Readonly<Record<string, string>> = {
  access: 'what is known of them',
  erasure: 'being forgotten',
  rectification: 'being put right',
};

export function nameWords({ name, text }: ShownPerson): string {
  switch (name) {
    case 'shown':
      return text;
    case 'erased':
      return 'erased';
    case 'no-key':
      return 'this office may not read the name';
    case 'unreadable':
      return 'the name cannot be read';
    case 'unknown':
      return 'no name';
  }
}

function erasureLines({ erasure }: ShownPerson): string[] {
  if (erasure === null) return [];
  const { acknowledged, outstanding } = erasure;
  if (!erasure.isSettled) return ['To be forgotten, once the order has its place in the log'];
  return [
    outstanding.length === 0
      ? `Forgotten on ${day(erasure.day)}`
      : `Ordered to be forgotten on ${day(erasure.day)}, and not yet by everybody`,
    `${counted(acknowledged.length, 'device')} destroyed the keys: ${acknowledged.join(', ')}`,
    ...outstanding.map(({ name, isRevoked }) =>
      isRevoked ? `${name} is revoked and cannot say so: whoever has it may still read` : `${name} has not said so yet`,
    ),
    ...(outstanding.length === 0 ? ['Nobody is left'] : []),
  ];
}

function actions({ subject, customers, hold, erasure }: ShownPerson, title: string): HTMLElement[] {
  const places = button('Every place…', () => askForPlaces(subject, title));
  if (erasure !== null) {
    if (!erasure.isSettled) return [places];
    return [button('Certificate', () => showCertificate(subject, title, archives)), places];
  }
  const held =
    hold === null
      ? button('Keep by law…', () => askToHold(subject, title))
      : button('Let go…', () => askToRelease(subject, title));
  const [customer] = customers;
  return [
    ...(customer === undefined ? [] : [button('Put right…', () => askToEnter(customer))]),
    button('Hand out…', () => askToHandOut(subject, title, archives, loadPersons)),
    held,
    button('Forget…', () => askToForget(subject, title)),
    places,
  ];
}

function button(words: string, act: () => void): HTMLElement {
  const made = element('button', { type: 'button', class: 'quiet small' }, words);
  made.addEventListener('click', act);
  return made;
}

async function doneOrFault(path: string, body: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  const fault = await faultOf(path, body);
  if (fault === undefined) await loadPersons();
  return fault;
}

/** Entered anew, or put right: each text is sealed before it leaves this office. */
export function askToEnter(customer = inputById('person-search').value.trim()): void {
  const more = { kind: 'text', isOptional: true } as const;
  ask({
    title: customer === '' ? 'Enter a person' : `Customer ${customer}`,
    text: 'What is entered can be read by whom the book allows, and destroyed. What is left empty stays as it was.',
    fields: [
      { kind: 'text', name: 'customer', label: 'Customer number', value: customer },
      { ...more, name: 'name', label: 'Name' },
      { ...more, name: 'phone', label: 'Telephone' },
      { ...more, name: 'email', label: 'Mail address' },
      { ...more, name: 'note', label: 'Note' },
    ],
    confirm: 'Enter',
    act: (values) => doneOrFault('/api/acts/person-enter', values),
  });
}

function askForPlaces(subject: string, title: string): void {
  ask({
    title: `Every place of ${title}`,
    text: 'Lists where there may be something of this person. Say a name or a number to have the files here and the backups searched for it, each word by itself from four letters on. It is kept nowhere.',
    fields: [{ kind: 'text', name: 'text', label: 'To look for', isOptional: true }],
    confirm: 'Look',
    act: async ({ text }) => {
      const done = await post('/api/person-places', { subject, text });
      if (!done.ok) return done.fault;
      placesBySubject.set(subject, done.answer['places'] as readonly Place[]);
      await loadPersons();
      return undefined;
    },
  });
}

function askToForget(subject: string, title: string): void {
  ask({
    title: `Forget ${title}`,
    text: 'Every device destroys the keys of what is said of this person. Nobody can take it back. Sales and sums stay as they are.',
    fields: [],
    confirm: 'Forget',
    act: () => doneOrFault('/api/acts/person-forget', { subject }),
  });
}

function askToHold(subject: string, title: string): void {
  ask({
    title: `Keep ${title} by law`,
    text: 'As long as this stands nobody can forget this person: up to the day, or until somebody lets go. Say why in lowercase words, never who it is.',
    fields: [
      { kind: 'text', name: 'basis', label: 'Why', value: 'tax-records' },
      { kind: 'text', name: 'untilDay', label: 'Up to which day, such as 2036-12-31', isOptional: true },
    ],
    confirm: 'Keep',
    act: ({ basis, untilDay }) => doneOrFault('/api/acts/person-hold', { subject, basis, untilDay }),
  });
}

function askToRelease(subject: string, title: string): void {
  ask({
    title: `Let go of ${title}`,
    text: 'The law keeps this person no more, and they can be forgotten.',
    fields: [],
    confirm: 'Let go',
    act: () => doneOrFault('/api/acts/person-release', { subject }),
  });
}

/** Somebody asks: it is recorded first, whatever becomes of it. */
export function askForRequest(): void {
  ask({
    title: 'Somebody asks',
    text: 'What a person asked for is kept with the day. What they are told, and who is forgotten, is up to you.',
    fields: [
      { kind: 'text', name: 'who', label: 'Customer number', value: inputById('person-search').value.trim() },
      {
        kind: 'choice',
        name: 'kind',
        label: 'What for',
        choices: Object.entries(requestWords).map(([value, words]) => ({ value, words })),
      },
    ],
    confirm: 'Record',
    act: ({ who, kind }) => doneOrFault('/api/acts/person-request', { who, kind }),
  });
}
