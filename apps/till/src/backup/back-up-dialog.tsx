// Gives a backup of this till to a person: as a file, to another app, as text. A browser does not say what became of a file, so the person does.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { BackupFile } from '../engine/port.ts';
import { openerWords } from '../model/backup-words.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { saveFile } from '../ui/export-file.ts';
import { Fault } from '../ui/fault.tsx';
import { Bucket } from './bucket.tsx';
import { Openers } from './openers.tsx';

/** As text, in a mail or a note: more than this no clipboard or message likes. */
const maxTextBytes = 256 * 1024;

export function BackUpDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const { backup } = till.state.value;
  const hasOpener = backup !== undefined && openerCount(backup.openers) > 0;
  return (
    <Dialog title="Back up this till" onClose={onClose}>
      <div class="stack">
        {backup !== undefined && <p>Opened by: {openerWords(backup)}.</p>}
        {hasOpener && <GiveOut key={openerCount(backup.openers)} onClose={onClose} />}
        <Openers />
        {hasOpener && <Bucket />}
      </div>
    </Dialog>
  );
}

function openerCount({ office, passkey, paper }: { office: number; passkey: boolean; paper: boolean }): number {
  return office + Number(passkey) + Number(paper);
}

function GiveOut({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const [file, setFile] = useState<BackupFile>();
  const [fault, setFault] = useState<string>();
  const [isGiven, setGiven] = useState(false);
  useEffect(() => {
    void till.engine.makeBackup().then((made) => {
      if (made.ok) setFile(made.value);
      else setFault(refusalText(made.code, made.message));
    });
  }, []);
  const keep = async ({ number, ops }: BackupFile): Promise<void> => {
    const said = await till.engine.backupTaken({ number, ops });
    if (!said.ok) return setFault(refusalText(said.code, said.message));
    till.toast.value = { text: `Backup ${number} is kept, as you say.` };
    onClose();
  };
  if (file === undefined) return fault === undefined ? <p aria-busy="true">Sealing…</p> : <Fault text={fault} />;
  return (
    <section class="stack" aria-label="Give it out">
      <p>
        Number <strong>{file.number}</strong>, {Math.ceil(file.bytes.length / 1_000)} kB. Write the number down: with it
        you can tell later when somebody holds the newest one back.
      </p>
      <div class="actions">
        <button
          type="button"
          class="button button-primary"
          onClick={() => {
            saveFile(file.name, file.bytes);
            setGiven(true);
          }}
        >
          Save as a file
        </button>
        <ShareButtons file={file} onGiven={() => setGiven(true)} onFault={setFault} />
      </div>
      <Fault text={fault} />
      {isGiven && (
        <div class="stack">
          <p>This till cannot see what became of it. Is it where it should be, and not only on this device?</p>
          <button type="button" class="button" onClick={() => void keep(file)}>
            Yes, it is kept
          </button>
        </div>
      )}
    </section>
  );
}

interface ShareProps {
  readonly file: BackupFile;
  readonly onGiven: () => void;
  readonly onFault: (text: string) => void;
}

function ShareButtons({ file, onGiven, onFault }: ShareProps): VNode {
  const shop = useShop();
  const shared = new File([file.bytes as Uint8Array<ArrayBuffer>], file.name, { type: 'application/octet-stream' });
  const canShare = 'canShare' in navigator && navigator.canShare({ files: [shared] });
  const give = (work: Promise<void>): void => {
    work.then(onGiven, (error: unknown) => onFault(`It was not taken: ${String(error)}`));
  };
  return (
    <>
      {canShare && (
        <button
          type="button"
          class="button"
          onClick={() => give(navigator.share({ files: [shared], title: `tallystick backup of ${shop.till}` }))}
        >
          Send it
        </button>
      )}
      {file.bytes.length <= maxTextBytes && (
        <button type="button" class="button" onClick={() => give(navigator.clipboard.writeText(textOf(file.bytes)))}>
          Copy as text
        </button>
      )}
    </>
  );
}

function textOf(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
