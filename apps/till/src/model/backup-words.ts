// How this till's backups stand, in words that promise nothing: what lies on this device is no backup, and what a person keeps nobody here can see.
import type { BackupState } from '../engine/port.ts';
import { dateTimeText } from './time.ts';

export function backupRows(backup: BackupState): readonly (readonly [string, string])[] {
  const { ready, behind, restored, fault, isMissed } = backup;
  return [
    ['Kept elsewhere', outsideWords(backup)],
    ['In none of them', isMissed ? `${entries(behind)}: a backup was missed` : entries(behind)],
    ['Lies ready here', ready === undefined ? 'No' : `Number ${ready.number}, of ${dateTimeText(ready.at)}`],
    ['Opened by', openerWords(backup)],
    ...(fault === undefined ? [] : ([['Last attempt', fault]] as const)),
    ...(restored === undefined ? [] : ([['Brought back', restoredWords(restored)]] as const)),
  ];
}

function outsideWords({ outside, isUnattended }: BackupState): string {
  if (outside === undefined) return isUnattended ? 'Not yet' : 'No: give one out as a file';
  const what = `number ${outside.number}, of ${dateTimeText(outside.at)}`;
  const where = { office: 'At the office', bucket: 'In the bucket', person: 'As somebody said' } as const;
  return `${where[outside.by]}: ${what}`;
}

export function openerWords({ openers: { office, passkey, paper } }: BackupState): string {
  const who = [
    ...(office > 0 ? ['the office'] : []),
    ...(passkey ? ['a passkey, in files given out here'] : []),
    ...(paper ? ['a recovery key on paper'] : []),
  ];
  return who.length === 0 ? 'Nobody yet, so none is made' : who.join(', ');
}

function restoredWords({ number, at, learnt, missing }: NonNullable<BackupState['restored']>): string {
  const lacking =
    missing === 0 ? '' : `. Last entries of ${missing === 1 ? 'a device' : `${missing} devices`} are still missing`;
  const from = `From number ${number}, of ${dateTimeText(at)}${lacking}`;
  if (learnt === undefined) return `${from}. The relay has not answered yet`;
  return learnt === 0
    ? `${from}. The relay knew no later entry of this till`
    : `${from}. The relay gave back ${entries(learnt)} that no backup had`;
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
