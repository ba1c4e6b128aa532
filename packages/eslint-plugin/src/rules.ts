/** The rules: one for each way in which verb code could answer differently on two devices (DESIGN section 5). */
import { engineMember } from './engine.ts';
import { memberOfGlobal, type Way, wayOut } from './globals.ts';
import { isBigInt, isIntegerDivision } from './integers.ts';
import { personalText } from './personal-text.ts';
import { type Finding, type Rule, verbRule } from './rule.ts';
import { sharedState } from './shared-state.ts';
import { argumentsOf, child, childrenOf, identifierName, nameOf, type Node, unwrap } from './syntax.ts';
import { bodiesOf, type VerbCode } from './verb-code.ts';

/** A finding where the node is a way out of this kind. */
function goesOut(node: Node, code: VerbCode, way: Way): Finding | undefined {
  if (node.type !== 'Identifier') return undefined;
  const out = wayOut(node, code);
  return out?.way === way ? { messageId: 'found', data: { name: out.name } } : undefined;
}

/** The method that a call or a read names: `toFixed` of `x.toFixed(2)`. */
function memberIn(node: Node, names: ReadonlySet<string>): Finding | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  const name = nameOf(node);
  return name !== undefined && names.has(name) ? { messageId: 'member', data: { name } } : undefined;
}

const clock: Rule = verbRule(
  'Verb code reads no clock.',
  { found: '{{name}} differs from device to device: read the clock where the op is made and record it in its args.' },
  (node, code) => goesOut(node, code, 'clock'),
);

const dice: Rule = verbRule(
  'Verb code throws no dice.',
  { found: '{{name}} answers anew each time: draw ids and chances where the op is made and record them in its args.' },
  (node, code) =>
    memberOfGlobal(node, 'Math', code) === 'random'
      ? { messageId: 'found', data: { name: 'Math.random' } }
      : goesOut(node, code, 'dice'),
);

const outside: Rule = verbRule(
  'Verb code reaches nothing outside: no network, files, storage, page, process, or code made at run time.',
  { found: '{{name}} is outside the book: a verb reads state through its view, and everything else from its op.' },
  (node, code) => {
    if (node.type === 'ImportExpression') return { messageId: 'found', data: { name: 'import()' } };
    if (node.type === 'MetaProperty' && identifierName(child(node, 'meta')) === 'import')
      return { messageId: 'found', data: { name: 'import.meta' } };
    const name = engineMember(node, code);
    return name === undefined ? goesOut(node, code, 'outside') : { messageId: 'found', data: { name } };
  },
);

const later: Rule = verbRule(
  'Verb code answers at once: no timers, no promises, no async functions.',
  { found: '{{name}} answers later: a verb answers at once, from what is recorded.' },
  (node, code) => {
    if (node['async'] === true) return { messageId: 'found', data: { name: 'an async function' } };
    if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node['await'] === true))
      return { messageId: 'found', data: { name: 'await' } };
    return goesOut(node, code, 'later');
  },
);

const LOCALE_METHODS: ReadonlySet<string> = new Set([
  'localeCompare',
  'toLocaleDateString',
  'toLocaleLowerCase',
  'toLocaleString',
  'toLocaleTimeString',
  'toLocaleUpperCase',
]);
/** The tables of Unicode grow: a letter that one engine has no lower case for, the next has. */
const UNICODE_METHODS: ReadonlySet<string> = new Set(['normalize', 'toLowerCase', 'toUpperCase']);

const locale: Rule = verbRule(
  'Verb code depends on no locale, and on no edition of Unicode.',
  {
    found: '{{name}} depends on the locale of the machine: compare code units with < and >.',
    member: '{{name}} depends on the locale of the machine: compare code units with < and >.',
    unicode:
      '{{name}} depends on the edition of Unicode in the engine: do it where the op is made and record the result.',
  },
  (node, code) => {
    const unicode = memberIn(node, UNICODE_METHODS);
    if (unicode !== undefined) return { ...unicode, messageId: 'unicode' };
    const regex = node['regex'] as { pattern: string; flags: string } | undefined;
    if (regex !== undefined && /[uv]/.test(regex.flags) && /\\p\{/i.test(regex.pattern))
      return { messageId: 'unicode', data: { name: `/${regex.pattern}/` } };
    return memberIn(node, LOCALE_METHODS) ?? goesOut(node, code, 'locale');
  },
);

const FLOAT_METHODS: ReadonlySet<string> = new Set(['toExponential', 'toFixed', 'toPrecision']);
/** Of Math, what keeps integers integers, bit for bit, everywhere. The others are floats, or "implementation-approximated". */
const INTEGER_MATH: ReadonlySet<string> = new Set([
  'abs',
  'ceil',
  'clz32',
  'floor',
  'imul',
  'max',
  'min',
  'random',
  'round',
  'sign',
  'trunc',
]);
const FLOAT_NUMBERS: ReadonlySet<string> = new Set(['EPSILON', 'MIN_VALUE', 'MAX_VALUE', 'parseFloat']);

const floats: Rule = verbRule(
  'Verb code counts in integers.',
  {
    found: '{{name}} makes floats: money and quantities are integers of a declared unit.',
    member: '{{name}} is for floats: money and quantities are integers of a declared unit.',
    literal: '{{name}} is a float: money and quantities are integers of a declared unit.',
    division: 'A quotient is a float: round it in place, as in Math.trunc(a / b), or divide bigints.',
    text: '{{name}} of a text may be a fraction: record the number in the args, or read digits with BigInt or parseInt.',
    power: 'The power of two numbers is approximate and differs between engines: multiply, or use bigints.',
  },
  (node, code) => {
    switch (node.type) {
      case 'Literal':
        return typeof node['value'] === 'number' && !Number.isSafeInteger(node['value'])
          ? { messageId: 'literal', data: { name: String(node['raw']) } }
          : undefined;
      case 'BinaryExpression':
      case 'AssignmentExpression':
        return judgeArithmetic(node, code);
      case 'UnaryExpression':
      case 'CallExpression':
        return judgeConversion(node, code);
      default:
        return judgeFloatMember(node, code) ?? goesOut(node, code, 'floats');
    }
  },
);

function judgeArithmetic(node: Node, code: VerbCode): Finding | undefined {
  const operator = String(node['operator']).replace(/=$/, '');
  if (operator === '/') return isIntegerDivision(node, code) ? undefined : { messageId: 'division' };
  if (operator !== '**') return undefined;
  return isBigInt(child(node, 'left'), code) ? undefined : { messageId: 'power' };
}

const TEXT_METHODS: ReadonlySet<string> = new Set(
  'at charAt concat join padEnd padStart replace replaceAll slice substring toString trim trimEnd trimStart'.split(' '),
);

/** `+text` and `Number(text)`. What comes out of a row or a pattern of digits is not seen to be a fraction. */
function judgeConversion(node: Node, code: VerbCode): Finding | undefined {
  if (node.type === 'UnaryExpression')
    return node['operator'] === '+' ? { messageId: 'text', data: { name: '+' } } : undefined;
  const [value] = argumentsOf(node);
  return code.pathOf(child(node, 'callee')) === 'Number' && value !== undefined && mayBeFraction(value, code)
    ? { messageId: 'text', data: { name: 'Number()' } }
    : undefined;
}

function mayBeFraction(node: Node, code: VerbCode): boolean {
  const value = unwrap(node);
  const variable = value === undefined ? undefined : code.variableOf(value);
  const [constant] = variable === undefined ? [] : bodiesOf(variable);
  if (constant !== undefined)
    return constant !== value && constant.type !== 'Identifier' && mayBeFraction(constant, code);
  if (value?.type === 'Literal')
    return typeof value['value'] === 'string' && !Number.isSafeInteger(Number(value['value']));
  if (value?.type === 'TemplateLiteral') return true;
  if (value?.type !== 'CallExpression') return isOfArgs(value, code);
  const callee = unwrap(child(value, 'callee'));
  return (
    code.pathOf(callee) === 'String' || (callee?.type === 'MemberExpression' && TEXT_METHODS.has(nameOf(callee) ?? ''))
  );
}

/** `args.text`, or `text` of `{ text }`, in a plan. Numbers stand in args as numbers, so whoever converts has a text. */
function isOfArgs(node: Node | undefined, code: VerbCode): boolean {
  const named = node?.type === 'MemberExpression' ? child(node, 'object') : node;
  const [definition] = (named === undefined ? undefined : code.variableOf(named))?.defs ?? [];
  const third = definition?.type === 'Parameter' ? (definition.node['params'] as readonly Node[])[2] : undefined;
  if (third === undefined) return false;
  if (named !== node) return third === definition?.name;
  return third.type === 'ObjectPattern' && childrenOf(third).some((part) => child(part, 'value') === definition?.name);
}

function judgeFloatMember(node: Node, code: VerbCode): Finding | undefined {
  const math = memberOfGlobal(node, 'Math', code);
  if (math !== undefined && !INTEGER_MATH.has(math)) return { messageId: 'found', data: { name: `Math.${math}` } };
  const number = memberOfGlobal(node, 'Number', code);
  if (number !== undefined && FLOAT_NUMBERS.has(number))
    return { messageId: 'found', data: { name: `Number.${number}` } };
  return memberIn(node, FLOAT_METHODS);
}

const KEY_LISTS: ReadonlySet<string> = new Set([
  'Object.entries',
  'Object.getOwnPropertyNames',
  'Object.keys',
  'Object.values',
  'Reflect.ownKeys',
]);
const SORTS: ReadonlySet<string> = new Set(['sort', 'toSorted']);

const order: Rule = verbRule(
  'Verb code visits nothing in the order in which keys were added.',
  {
    forIn: 'for-in visits keys in the order they were added, and inherited ones: go over a list, or sort the keys.',
    keys: '{{name}} answers in the order in which keys were added: sort what it answers, in place.',
    json: 'JSON.stringify writes keys in the order in which they were added: use encodeCanonical of @tallystick/oplog.',
  },
  (node, code) => {
    if (node.type === 'ForInStatement') return { messageId: 'forIn' };
    if (node.type !== 'CallExpression') return undefined;
    const name = code.pathOf(child(node, 'callee')) ?? '';
    if (name === 'JSON.stringify') return { messageId: 'json' };
    return KEY_LISTS.has(name) && !isSorted(node, code) ? { messageId: 'keys', data: { name } } : undefined;
  },
);

/** `Object.keys(x).sort()`: nothing sees the list before it is sorted. */
function isSorted(call: Node, code: VerbCode): boolean {
  const member = code.parentOf(call);
  if (member?.type !== 'MemberExpression' || !SORTS.has(nameOf(member) ?? '')) return false;
  const outer = code.parentOf(member);
  return outer?.type === 'CallExpression' && unwrap(child(outer, 'callee')) === member && argumentsOf(call).length > 0;
}

const failure: Rule = verbRule(
  'Verb code catches nothing.',
  { found: 'Engines fail in different places and words: refuse what must not be, and let a bug refuse the op.' },
  (node) => (node.type === 'CatchClause' ? { messageId: 'found' } : undefined),
);

/** Every rule by the name it is configured with. */
export const rules: Readonly<Record<string, Rule>> = {
  'no-catch': failure,
  'no-clock': clock,
  'no-dice': dice,
  'no-floats': floats,
  'no-io': outside,
  'no-locale': locale,
  'no-async': later,
  'no-shared-state': sharedState,
  'no-unordered': order,
  'personal-text': personalText,
};
