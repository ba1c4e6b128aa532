// What a clause of the conformance suite is, and how a client's call is asked for the refusal it ends in.
import { ensure, type Subject } from './conformance-stage.ts';
import { parseAnswerCode, RelayError, statusByCode } from './errors.ts';

export interface Clause {
  readonly name: string;
  /** Of docs/spec/relay.md. */
  readonly section: string;
  readonly says: string;
  readonly needsRestart?: boolean;
  check(subject: Subject): Promise<void>;
}

export function clause(name: string, section: string, says: string, check: Clause['check']): Clause {
  return { name, section, says, check };
}

/** The code of the refusal, which travels with its status; `no refusal` where there is none. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no refusal';
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    const code = parseAnswerCode(error.code);
    const isAnswered = code !== undefined && error.status !== undefined;
    ensure(!isAnswered || statusByCode[code] === error.status, `${error.code} has status ${error.status}`);
    return error.code;
  }
}
