// Asks for a customer by number.
import type { VNode } from 'preact';
import { AskField } from '../ui/ask-field.tsx';

const longestNumber = 100;

export interface CustomerFieldProps {
  /** Who is named already, or ''. */
  readonly known?: string;
  /** What the button says. */
  readonly action?: string;
  /** Resolves to what was wrong, or undefined. */
  readonly onFind: (number: string) => Promise<string | undefined>;
  readonly onBack: () => void;
}

export function CustomerField({ known = '', action = 'Find', onFind, onBack }: CustomerFieldProps): VNode {
  return (
    <AskField
      label="Customer number"
      known={known}
      maxLength={longestNumber}
      action={action}
      onAsk={onFind}
      onBack={onBack}
    />
  );
}
