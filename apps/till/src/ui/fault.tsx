// What went wrong, beside what it went wrong with.
import type { VNode } from 'preact';
import { Icon } from './icons.tsx';

export function Fault({ text }: { readonly text: string | undefined }): VNode | null {
  if (text === undefined) return null;
  return (
    <p class="inline-fault" role="alert">
      <Icon name="alert" size={20} /> {text}
    </p>
  );
}
