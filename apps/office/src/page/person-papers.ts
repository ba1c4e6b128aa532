// What a person at the page takes away about somebody: all that the books hold of them, and the certificate that they are forgotten, to read, to print and to keep.
import type { PersonFile } from '../person-file.ts';
import type { Archives, ShownCertificate } from '../web/person-papers.ts';
import { ask, type Field, post } from './ask.ts';
import { byId, element } from './dom.ts';
import { counted, day, whole } from './format.ts';
import { identityIn } from './identity.ts';

export function askToHandOut(subject: string, title: string, archives: Archives, done: () => Promise<void>): void {
  ask({
    title: `What is known of ${title}`,
    text: `The request is recorded, and a file with all that the books hold of this person is downloaded. It is for the person alone: delete it when they have it.${archiveWords(archives, subject, 'access')}`,
    fields: archiveFields(archives),
    confirm: 'Download',
    act: async ({ identity: given = '' }) => {
      const identity = identityOf(given);
      if (identity === undefined) return noIdentity;
      const answered = await post('/api/person-file', { subject, identity });
      if (!answered.ok) return answered.fault;
      const { begins } = answered.answer as unknown as PersonFile;
      download(`person-${subject}.json`, JSON.stringify(answered.answer, undefined, 2), 'application/json');
      await done();
      const missing = Object.entries(begins).map(([scope, from]) => `the first ${whole(from)} ops of ${scope}`);
      if (missing.length === 0) return undefined;
      return `Downloaded, and not whole: ${missing.join(', ')} are in an archive that was not opened.`;
    },
  });
}

const noIdentity = 'There is no identity in this file.';

/** '' where no file was chosen; undefined where there is no identity in it. */
function identityOf(text: string): string | undefined {
  return text === '' ? '' : identityIn(text);
}

/** What went from this office, and how to have it read: here where a place of backups may have it, else by the command line. */
function archiveWords({ scopes, places }: Archives, subject: string, command: 'access' | 'erase'): string {
  if (scopes.length === 0) return '';
  const gone = ` Earlier ops of ${scopes.join(', ')} went from here into archives.`;
  const file = command === 'erase' ? ' --certificate FILE' : '';
  return places.length === 0
    ? `${gone} To read them too, run: tally ${command} ${subject}${file} --archives PLACE --identity FILE --data DIR`
    : `${gone} With the file of your organisation’s identity they are read from ${places.join(' or ')}; it is kept nowhere.`;
}

function archiveFields({ scopes, places }: Archives): readonly Field[] {
  if (scopes.length === 0 || places.length === 0) return [];
  return [{ kind: 'file', name: 'identity', label: 'Identity file, to read the archives too', isOptional: true }];
}

/** Shown at once; where there is none, why, and another try. */
export function showCertificate(subject: string, title: string, archives: Archives): void {
  const show = async (identity: string): Promise<string | undefined> => {
    const asked = await post('/api/certificate', { subject, identity });
    if (!asked.ok) return asked.fault;
    openCertificate(subject, title, asked.answer as unknown as ShownCertificate);
    return undefined;
  };
  void show('').then((fault) => {
    if (fault === undefined) return;
    ask({
      title: 'No certificate',
      text: `${fault}${archiveWords(archives, subject, 'erase')}`,
      fields: archiveFields(archives),
      confirm: 'Try again',
      act: ({ identity: given = '' }) => {
        const identity = identityOf(given);
        return identity === undefined ? Promise.resolve(noIdentity) : show(identity);
      },
    });
  });
}

const factsMark = '\nFor programs: ';

function openCertificate(subject: string, title: string, { text, acknowledged, outstanding }: ShownCertificate): void {
  const dialog = byId('certificate') as HTMLDialogElement;
  const mark = text.lastIndexOf(factsMark);
  const button = (words: string, kind: string, act: () => void): HTMLElement => {
    const made = element('button', { type: 'button', class: kind }, words);
    made.addEventListener('click', act);
    return made;
  };
  dialog.replaceChildren(
    // Else the first thing that takes the focus does, and a small screen begins in the middle.
    element('h2', { id: 'certificate-title', tabindex: '-1', autofocus: true }, `Certificate of erasure · ${title}`),
    element(
      'p',
      { class: outstanding.length === 0 ? '' : 'fault' },
      outstanding.length === 0
        ? 'Nobody is left who has not destroyed the keys.'
        : `${counted(outstanding.length, 'device')} ${outstanding.length === 1 ? 'has' : 'have'} not said yet that the keys are destroyed there.`,
    ),
    element(
      'ul',
      { class: 'said' },
      ...outstanding.map(({ name, isRevoked }) =>
        element('li', {}, isRevoked ? `${name}: revoked, and whoever has it may still read` : `${name}: not yet`),
      ),
      ...acknowledged.map(({ name, day: on }) => element('li', {}, `${name}: destroyed on ${day(on)}`)),
    ),
    element(
      'pre',
      { tabindex: '0', role: 'region', 'aria-label': 'Words of the certificate' },
      text.slice(0, mark).trimEnd(),
    ),
    element(
      'p',
      { class: 'note' },
      'The downloaded file is the same with its signatures: anybody with the keys of this book checks it by tally verify-erasure FILE, without a network.',
    ),
    element(
      'div',
      { class: 'dialog-actions' },
      button('Close', 'quiet', () => dialog.close()),
      button('Print', 'quiet', () => print()),
      button('Download', 'primary', () => download(`erasure-${subject}.txt`, text, 'text/plain')),
    ),
  );
  dialog.showModal();
}

/** Long enough for a browser to have begun to read it. */
const keptMs = 60_000;

/** The page keeps nothing of it. */
function download(name: string, text: string, type: string): void {
  const href = URL.createObjectURL(new Blob([text], { type }));
  element('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), keptMs);
}
