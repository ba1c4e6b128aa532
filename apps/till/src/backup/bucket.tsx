// Names a bucket to which this till hands its backups by itself.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Fault } from '../ui/fault.tsx';

export function Bucket(): VNode {
  const till = useTill();
  const bucket = till.state.value.backup?.bucket;
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const name = async (settings: Parameters<typeof till.engine.nameBucket>[0]): Promise<void> => {
    setBusy(true);
    const named = await till.engine.nameBucket(settings);
    setBusy(false);
    setFault(named.ok ? undefined : refusalText(named.code, named.message));
    if (named.ok) setOpen(false);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const text = (field: string): string => {
      const value = given.get(field);
      return typeof value === 'string' ? value.trim() : '';
    };
    void name({ url: text('url'), accessKeyId: text('id'), secretAccessKey: text('secret') });
  };
  return (
    <section class="stack" aria-label="A bucket">
      {bucket !== undefined && <p>It hands itself in at {bucket}.</p>}
      {isOpen ? (
        <form class="stack" onSubmit={submit}>
          <Field name="url" label="Address of the bucket" />
          <Field name="id" label="Access key" />
          <Field name="secret" label="Secret key" isSecret />
          <p class="note">Give it a key that reads and writes this bucket alone. The bucket must allow this page.</p>
          <button type="submit" class="button" disabled={isBusy}>
            Try it and use it
          </button>
        </form>
      ) : (
        <div class="actions">
          <button type="button" class="button" onClick={() => setOpen(true)}>
            {bucket === undefined ? 'Add a bucket' : 'Another bucket'}
          </button>
          {bucket !== undefined && (
            <button type="button" class="button" disabled={isBusy} onClick={() => void name(undefined)}>
              No bucket any more
            </button>
          )}
        </div>
      )}
      <Fault text={fault} />
    </section>
  );
}

function Field({ name, label, isSecret = false }: FieldProps): VNode {
  const shared = { name, required: true, autocomplete: 'off', spellcheck: false } as const;
  return (
    <label class="field">
      {label}
      {isSecret ? <input type="password" {...shared} /> : <input type="text" {...shared} />}
    </label>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly isSecret?: boolean;
}
