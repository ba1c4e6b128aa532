/** How a rule of this plugin is made: a question asked of every node of verb code. */
import type { Node } from './syntax.ts';
import { type SourceCode, type VerbCode, verbCodeOf } from './verb-code.ts';

/** What is wrong with a node: the message, and the words to fill in. */
export interface Finding {
  readonly messageId: string;
  readonly data?: Readonly<Record<string, string>>;
}

interface Report {
  readonly node: unknown;
  readonly messageId: string;
  readonly data?: Record<string, string>;
}

/** The part of a linter's rule context that is used here. */
interface Context {
  readonly sourceCode: unknown;
  readonly options: readonly unknown[];
  report(report: never): void;
}

/** A rule as ESLint 9 and later, and oxlint, take it. */
export interface Rule {
  readonly meta: {
    readonly type: 'problem';
    readonly docs: { readonly description: string; readonly url: string };
    readonly messages: Record<string, string>;
    readonly schema: [
      {
        readonly type: 'object';
        readonly properties: { readonly everywhere: { readonly type: 'boolean' } };
        readonly additionalProperties: false;
      },
    ];
  };
  create(context: Context): { 'Program:exit'(): void };
}

const URL = 'https://www.npmjs.com/package/@tallystick/eslint-plugin';

/** A rule that asks `judge` about every node of a file's verb code, or of all its functions with the option `everywhere`. */
export function verbRule(
  description: string,
  messages: Record<string, string>,
  judge: (node: Node, code: VerbCode) => Finding | undefined,
): Rule {
  return {
    meta: {
      type: 'problem',
      docs: { description, url: URL },
      messages,
      schema: [{ type: 'object', properties: { everywhere: { type: 'boolean' } }, additionalProperties: false }],
    },
    create: (context) => ({
      'Program:exit'(): void {
        const everywhere = (context.options[0] as { everywhere?: boolean } | undefined)?.everywhere ?? false;
        const code = verbCodeOf(context.sourceCode as SourceCode, everywhere);
        for (const node of code.nodes) {
          const finding = judge(node, code);
          if (finding !== undefined) (context.report as (report: Report) => void)({ node, ...finding });
        }
      },
    }),
  };
}
