// A person whose ops went into archives: the command line says what it has not read, and with the archives reads, certifies and judges as if they were here.
import { createOrganisationIdentity } from '@tallystick/custody';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { PersonFile } from '../src/person-file.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const data = join(folder, 'office');
const tally = (...args: readonly string[]) => runTally(...args, '--data', data);

it('reads a person, an order and its acknowledgement out of archives, and says what it lacks without them', async () => {
  const owner = await createOrganisationIdentity();
  const [identity, stick, certificate] = ['identity', 'stick', 'certificate.txt'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(identity, `${owner.identity}\n`);
  const archives = ['--archives', stick, '--identity', identity];
  await tally('init');
  const settings = join(data, 'tally.json');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('"kind": "none"', '"kind": "embedded"'));
  await tally('person', 'C-17', '--name', 'Anna Nowak', '--phone', '0151 555');
  await tally('person', 'C-17', '--name', 'Anna Nowak-Bauer');
  await tally('backup', '--to', stick, '--recipients', owner.recipient);
  expect(await tally('archive', '--drop', '--identity', identity)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('went from here') as string,
  });

  const file = async (...more: string[]): Promise<PersonFile> =>
    jsonOf(await tally('access', 'C-17', '--json', ...more)) as unknown as PersonFile;
  const verbs = ({ texts }: PersonFile): string[] => texts.map(({ verb, field }) => `${verb} ${field}`).sort();
  const alone = await file();
  expect(alone.begins['hq']).toBeGreaterThan(0);
  // Of rows there is what they still hold, without the version of the verb that said it.
  expect(new Set(verbs(alone))).toEqual(new Set(['person.describe name', 'person.describe phone']));
  const whole = await file(...archives);
  expect(whole.begins).toEqual({});
  const texts = ['name', 'name', 'phone', 'phone'].map((field) => `person.describe@1 ${field}`);
  expect(verbs(whole)).toEqual(texts);

  // Ordered and acknowledged while what is known of the person is in archives: all of it is searched for.
  const erased = await tally('erase', 'C-17', '--certificate', certificate, ...archives);
  expect(erased.stdout).not.toContain('are in an archive');
  expect(erased.stdout).toContain('1 devices have destroyed their keys\nnobody is left');
  expect(erased).toMatchObject({ status: 0, stdout: expect.stringMatching(/directory .*: CLEAN/) as string });

  // The order itself goes into an archive: nobody here certifies or judges without it.
  await tally('backup', '--whole');
  await tally('archive', '--drop', '--identity', identity);
  const again = join(folder, 'again.txt');
  expect(await tally('erase', 'C-17', '--certificate', again)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is in an archive: a device that still has it can certify') as string,
  });
  expect(await tally('verify-erasure', certificate)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^NOT JUDGED: erasure\/certificate-archived: /) as string,
  });
  expect(await tally('erase', 'C-17', '--certificate', again, ...archives)).toMatchObject({
    stdout: expect.stringContaining('certificate written to') as string,
  });
  for (const one of [certificate, again])
    expect(await tally('verify-erasure', one, ...archives)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^GENUINE: subject .* at position \d+ of hq/) as string,
    });
  // A false one is false with the archives as well.
  const text = readFileSync(certificate, 'utf8');
  writeFileSync(certificate, text.replace('Nobody is left', 'Somebody is left'));
  expect(await tally('verify-erasure', certificate, ...archives)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^NOT GENUINE: /) as string,
  });
}, 240_000);
