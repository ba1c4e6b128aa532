// A token that belongs to a customer's wallet: the wallet reads what the till asks, and shows its answer, which the till reads by camera or scanner.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { QrCode } from '../keys/sheets.tsx';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { AskField } from '../ui/ask-field.tsx';
import { Camera } from './camera.tsx';

const longestAnswer = 3_000;
/** A challenge is good for a minute. */
const renewMs = 55_000;

export interface WalletAnswerProps {
  readonly url: string;
  /** Resolves to what was wrong with the answer, or undefined. */
  readonly onAnswer: (answer: string) => Promise<string | undefined>;
  readonly onBack: () => void;
}

export function WalletAnswer({ url, onAnswer, onBack }: WalletAnswerProps): VNode {
  const till = useTill();
  const [ask, setAsk] = useState<string>();
  const [asked, setAsked] = useState(0);
  const [isLooking, setLooking] = useState(false);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    void till.engine.askWallet(url).then((made) => {
      if (made.ok) setAsk(made.value);
      else setFault(refusalText(made.code, made.message));
    });
    const timer = setTimeout(() => setAsked(asked + 1), renewMs);
    return () => clearTimeout(timer);
  }, [url, asked]);
  const answer = async (text: string): Promise<string | undefined> => {
    setLooking(false);
    const said = await onAnswer(text);
    setFault(said);
    // What was answered once is not asked again.
    if (said !== undefined) setAsked(asked + 1);
    return said;
  };
  return (
    <div class="stack">
      <p role="status">This belongs to the customer’s wallet. The wallet reads this code, and shows its answer.</p>
      {ask !== undefined && <QrCode text={ask} label="What the wallet is asked, as a QR code" />}
      {ask !== undefined && (
        <label class="field">
          <span>What it is asked, to send</span>
          <input readOnly value={ask} onFocus={(event) => event.currentTarget.select()} />
        </label>
      )}
      {isLooking ? (
        <Camera onRead={(text) => void answer(text)} />
      ) : (
        <button type="button" class="button" onClick={() => setLooking(true)}>
          Read the answer with the camera
        </button>
      )}
      {fault !== undefined && isLooking && <p role="alert">{fault}</p>}
      <AskField
        label="The wallet’s answer"
        maxLength={longestAnswer}
        action="Look"
        startsAnew
        onAsk={answer}
        onBack={onBack}
      />
    </div>
  );
}
