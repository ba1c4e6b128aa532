// @tallystick/eslint-plugin: rules that keep the verbs of a book deterministic, for ESLint and oxlint.
import type { Rule } from './rule.ts';
import { rules } from './rules.ts';

type Severities = Record<string, 'error' | ['error', { everywhere: true }]>;

interface Config {
  readonly name: string;
  readonly plugins: Record<string, Plugin>;
  readonly rules: Severities;
}

/** A plugin as ESLint's flat configuration and oxlint's `jsPlugins` take it. */
export interface Plugin {
  readonly meta: { readonly name: string; readonly namespace: string };
  readonly rules: Record<string, Rule>;
  readonly configs: {
    /** Every rule, for verb code wherever it stands, in JavaScript and in TypeScript. */
    readonly recommended: Config & { readonly files: string[] };
    /** Every rule, for every function of the files it is given: modules that verbs import. */
    readonly everywhere: Config;
  };
}

const NAMESPACE = '@tallystick';
/** Named, because ESLint passes over TypeScript in silence where no configuration does; with it, it says that it needs a parser. */
const files: string[] = ['**/*.{js,mjs,cjs,jsx,ts,mts,cts,tsx}'];
const names = Object.keys(rules).map((name) => `${NAMESPACE}/${name}`);
const plugins: Record<string, Plugin> = {};
const plugin: Plugin = {
  meta: { name: '@tallystick/eslint-plugin', namespace: NAMESPACE },
  rules: { ...rules },
  configs: {
    recommended: {
      name: `${NAMESPACE}/recommended`,
      files,
      plugins,
      rules: Object.fromEntries(names.map((name) => [name, 'error'])) as Severities,
    },
    everywhere: {
      name: `${NAMESPACE}/everywhere`,
      plugins,
      rules: Object.fromEntries(names.map((name) => [name, ['error', { everywhere: true }]])) as Severities,
    },
  },
};
plugins[NAMESPACE] = plugin;

// Linters load plugins by their default export.
// oxlint-disable-next-line import/no-default-export
export default plugin;
