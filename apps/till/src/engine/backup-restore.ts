// Looks at the files of a backup that a person gave: which of them are believed, and which till the newest is of. Opens it in memory only.
import { portableHasher } from '@tallystick/chain';
import { openRecords, parseHeader } from '@tallystick/kernel/backup';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { decodeBundle } from '@tallystick/oplog/transport';
import { type Chosen, filesOf, judgeBackups, logOf, noteOf, RecoveryError, restoreBook } from '@tallystick/recovery';
import { createMemoryKeyStore, nobleEd25519 } from '@tallystick/sign';
import type { SqlJsStatic } from 'sql.js';
import type { BackupFault, BackupRequest, FoundBackup, FoundTill } from './backup-state.ts';
import type { Backup, Outcome } from './port.ts';
import type { Found } from './shop-opening.ts';
import { tillCrypto, tillVerbs } from './till-book.ts';

export async function lookAtBackup(
  { files, identities, known }: BackupRequest,
  sqlite: SqlJsStatic,
): Promise<Outcome<{ readonly shown: FoundBackup; readonly chosen: Found | undefined }>> {
  const crypto = await tillCrypto();
  const found = files.flatMap(({ name, bytes }) => filesOf(name, bytes).files);
  const openers = identities.map((identity) => ({ kind: 'organisation', identity }) as const);
  try {
    const judged = await judgeBackups(found, {
      openers,
      crypto,
      ...(known === undefined ? {} : { knownNumber: known }),
    });
    const faults: BackupFault[] = [
      ...judged.verdicts.flatMap(({ name, code, message }) => (code === undefined ? [] : [{ name, code, message }])),
      ...judged.findings.map(({ code, message }) => ({ name: '', code, message })),
    ];
    const { chosen } = judged;
    if (chosen === undefined) return { ok: true, value: { shown: { faults, till: undefined }, chosen: undefined } };
    const note = readNote(chosen);
    const till = await readTill(chosen, note, sqlite);
    return { ok: true, value: { shown: { faults, till }, chosen: { chosen, note } } };
  } catch (error) {
    if (error instanceof RecoveryError) return { ok: false, code: error.code, message: error.message };
    throw error;
  }
}

/** Signed with the part, so the device said it; what it says is shown before it is used. */
function readNote({ whole, deltas }: Chosen): Found['note'] {
  const text = noteOf(deltas.at(-1) ?? whole);
  const { relay, office } = (text === '' ? {} : JSON.parse(text)) as { relay?: unknown; office?: unknown };
  const isAddress = (value: unknown): value is string => typeof value === 'string' && URL.canParse(value);
  return { relay: isAddress(relay) ? relay : '', ...(isAddress(office) ? { office } : {}) };
}

type KeyRow = Pick<Backup, 'kind' | 'sealed'>;

async function saidSince({ deltas, device }: Chosen, keyId: string): Promise<readonly KeyRow[]> {
  const said: KeyRow[] = [];
  for (const part of deltas) {
    const file = await logOf(part);
    const { frames } = decodeBundle(file.subarray(parseHeader(file).offset));
    for (const { op } of openRecords(frames, portableHasher).records) {
      const { kind, sealed } = op.args;
      const isOfKey = op.verb.startsWith('key.backup@') && op.args['device'] === device && op.args['keyId'] === keyId;
      if (isOfKey && typeof sealed === 'string') said.push({ kind: kind as Backup['kind'], sealed });
    }
  }
  return said;
}

/** Only what the kernel itself reads is loaded: a till of years takes no longer to look at than one of a day. */
async function readTill(chosen: Chosen, note: Found['note'], sqlite: SqlJsStatic): Promise<FoundTill> {
  const { device } = chosen;
  const { scope } = chosen.whole.header;
  const { book } = await restoreBook({
    chosen: { ...chosen, deltas: [], beyond: [] },
    store: sqljsStore({ sqlite }),
    keys: createMemoryKeyStore(nobleEd25519, portableHasher),
    crypto: await tillCrypto(),
    verbs: tillVerbs,
    hotBytes: 0,
  });
  try {
    const [row] = await book.read<{ name: string }>('SELECT name FROM devices WHERE scope = ? AND device = ?', [
      scope,
      device,
    ]);
    const [shop] = await book.read<{ name: string }>('SELECT name FROM books LIMIT 1');
    // The key that signed the last part is the one in force; a backup of it may be younger than the rows.
    const { keyId } = (chosen.deltas.at(-1) ?? chosen.whole).header;
    const inRows = await book.read<KeyRow>(
      'SELECT kind, sealed FROM keyBackups WHERE device = ? AND keyId = ? ORDER BY kind',
      [device, keyId],
    );
    const keys = inRows.length > 0 ? inRows : await saidSince(chosen, keyId);
    return {
      book: chosen.book,
      device,
      shop: shop?.name ?? '',
      till: row?.name ?? device.slice(0, 8),
      number: chosen.number,
      at: chosen.at,
      relay: note.relay,
      keyId,
      keys,
    };
  } finally {
    await book.close();
  }
}
