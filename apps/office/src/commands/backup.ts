// `tally backup`: the book of a directory kept in other places, sealed to its owner and signed by this device.
import { CustodyError, sealBytes } from '@tallystick/custody';
import { opsOf } from '@tallystick/recovery';
import {
  backupStanding,
  type BackupSettings,
  openKeeper,
  openPlace,
  placeSettings,
  readBackupSettings,
  copiedLines,
  goneLines,
  standingLines,
  writeBackupSettings,
} from '../backup-settings.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { fillPlaces } from '../fill-places.ts';
import { grouped } from '../progress.ts';
import { type Answer, readingCommand } from './reading.ts';

export const backup: Command = readingCommand({
  name: 'backup',
  summary: 'Keep the book in other places: what is new since the last time, sealed and signed.',
  options: {
    to: {
      type: 'string',
      value: 'PLACE',
      help: 'one more place, remembered: a folder, or a .json file for a bucket or mailbox',
    },
    forget: { type: 'string', value: 'PLACE', help: 'a place less; nothing is deleted there' },
    recipients: { type: 'string', value: 'AGE1,..', help: 'who can open it, remembered; else those of tally escrow' },
    whole: { type: 'boolean', help: 'everything, not only what is new' },
    due: { type: 'boolean', help: 'only if it is time, for a scheduler: 15 minutes after an op, or 50 ops' },
    list: { type: 'boolean', help: 'make none: say where backups go and how they stand' },
  },
  notes: [
    'Keys are not in it (tally keys backup), nor are names of customers. tally restore brings it back; tally status says when one was missed.',
    'A bucket:  {"kind":"bucket","url":"https://s3.example/shop","accessKeyId":"…","secretAccessKey":"…"}',
    'A mailbox: {"kind":"mailbox","from":"…","to":"…","smtp":{"host":"…","port":465,"secure":true,"user":"…","password":"…"},"imap":{…}}',
    'Write the number down: with it, tally restore --known tells when somebody withholds the newest.',
  ].join('\n'),
  async answer(book, context, home): Promise<Answer> {
    const settings = changedSettings(readBackupSettings(home), context);
    await mustSealTo(settings.recipients);
    writeBackupSettings(home, settings);
    const places = settings.places.map((place) => openPlace(place).name);
    if (context.flag('list')) {
      const standing = backupStanding(home, opsOf(book));
      const lines = [...places.map((place) => `to ${place}`), ...standingLines(standing)];
      return { json: { places, recipients: settings.recipients, standing: standing ?? {} }, lines, status: 0 };
    }
    const keeper = openKeeper(home, book);
    // A scheduler asks every few minutes: places are asked when something goes there.
    const isAsked = !context.flag('due') || keeper.standing().isDue;
    const unfilled = (isAsked ? await fillPlaces(home, book) : []).map((fault) => `ARCHIVES NOT BROUGHT to ${fault}`);
    const made = context.flag('due') ? await keeper.keep() : await keeper.backUp({ whole: context.flag('whole') });
    unfilled.push(...goneLines(keeper.standing()));
    if (made === undefined) {
      const standing = keeper.standing();
      const { number, behind, copied } = standing;
      const why = behind === 0 ? 'everything stands in it' : 'the next is not due yet';
      return {
        json: { number, made: false, copied, unfilled },
        lines: [`number ${number} is the last: ${why}`, ...copiedLines(standing), ...unfilled],
        status: unfilled.length + copied.length === 0 ? 0 : 1,
      };
    }
    const { number, kind, bytes, ops } = made;
    return {
      json: { number, made: true, kind, bytes, ops, places: made.places, unfilled },
      lines: [
        `number ${number}: ${kind}, ${grouped(ops)} ops, ${grouped(bytes)} bytes`,
        ...made.places.map(({ place, error, lost }) =>
          error === undefined ? `kept in ${place}${lostWords(lost)}` : `NOT KEPT in ${place}: ${error}`,
        ),
        ...copiedLines(keeper.standing()),
        ...unfilled,
      ],
      status: unfilled.length > 0 || made.places.some(({ error, others }) => (error ?? others) !== undefined) ? 1 : 0,
    };
  },
});

const lostWords = (lost = 0): string =>
  lost === 0 ? '' : `, anew: ${grouped(lost)} ${lost === 1 ? 'file' : 'files'} of before were gone from there`;

/** Before anything is remembered: a slip in a recipient would only be noticed when somebody needs the backup. */
async function mustSealTo(recipients: readonly string[]): Promise<void> {
  for (const recipient of recipients) {
    try {
      await sealBytes(new Uint8Array(1), [recipient]);
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      throw usage(`--recipients: ${JSON.stringify(recipient)} is no age recipient`, 'backup', cause);
    }
  }
}

function changedSettings(known: BackupSettings, context: CommandContext): BackupSettings {
  const [to, forget, recipients] = ['to', 'forget', 'recipients'].map((option) => context.text(option));
  const nameOf = (place: BackupSettings['places'][number]): string => openPlace(place).name;
  const added = to === undefined ? undefined : placeSettings(to);
  const gone = forget === undefined ? undefined : nameOf(placeSettings(forget));
  const kept = known.places.filter(
    (place) => nameOf(place) !== gone && (added === undefined || nameOf(place) !== nameOf(added)),
  );
  return {
    version: 1,
    recipients: recipients === undefined ? known.recipients : recipients.split(',').map((text) => text.trim()),
    places: added === undefined ? kept : [...kept, added],
  };
}
