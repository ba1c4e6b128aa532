// What a source file refers to outside itself: the modules it names in any kind of import, types included, and the globals
// that only Node or only a page has. Parsed with the TypeScript compiler, so comments and strings never count.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface Reference {
  readonly kind: 'module' | 'global';
  /** The specifier as written, or the global's name. */
  readonly name: string;
  /** 1-based. */
  readonly line: number;
}

const hostGlobals: ReadonlySet<string> = new Set([
  'Buffer',
  'NodeJS',
  '__dirname',
  '__filename',
  'clearImmediate',
  'document',
  'global',
  'localStorage',
  'process',
  'require',
  'sessionStorage',
  'setImmediate',
  'window',
]);

const referencesByPath = new Map<string, readonly Reference[]>();

export function readReferences(path: string): readonly Reference[] {
  const known = referencesByPath.get(path);
  if (known !== undefined) return known;
  const references = parseReferences(readFileSync(path, 'utf8'), path);
  referencesByPath.set(path, references);
  return references;
}

export function parseReferences(text: string, fileName: string): Reference[] {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const references: Reference[] = [];
  const declared = declaredNames(file);
  const add = (kind: Reference['kind'], name: string, node: ts.Node): void => {
    references.push({ kind, name, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 });
  };
  for (const { fileName: name, pos } of file.typeReferenceDirectives) {
    references.push({ kind: 'module', name, line: file.getLineAndCharacterOfPosition(pos).line + 1 });
  }
  const visit = (node: ts.Node): void => {
    const specifier = moduleSpecifier(node);
    if (specifier !== undefined) add('module', specifier, node);
    const global = hostGlobal(node, declared);
    if (global !== undefined) add('global', global, node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return references;
}

/** The module a node names: import, export from, `import x = require`, `import('x')` as a value or a type, `require('x')`. */
function moduleSpecifier(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isExternalModuleReference(node)) return literal(node.expression);
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  if (!isImport && !isRequire) return undefined;
  // A specifier that is computed cannot be checked, so it counts as its own source text, which no rule accepts.
  return literal(node.arguments[0]) ?? node.arguments[0]?.getText();
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

/** Names the file itself binds somewhere. A host global of the same name is then taken for that binding. */
function declaredNames(file: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const isBinding =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isImportSpecifier(node) ||
      ts.isImportClause(node) ||
      ts.isNamespaceImport(node);
    if (isBinding && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

function hostGlobal(node: ts.Node, declared: ReadonlySet<string>): string | undefined {
  if (ts.isPropertyAccessExpression(node) && isGlobalThis(node.expression)) {
    return hostGlobals.has(node.name.text) ? node.name.text : undefined;
  }
  if (ts.isElementAccessExpression(node) && isGlobalThis(node.expression)) {
    const name = literal(node.argumentExpression);
    return name !== undefined && hostGlobals.has(name) ? name : undefined;
  }
  if (!ts.isIdentifier(node) || !hostGlobals.has(node.text) || declared.has(node.text)) return undefined;
  return isNamePosition(node) ? undefined : node.text;
}

/** Sees through `(globalThis as X)` too. */
function isGlobalThis(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)) {
    return isGlobalThis(node.expression);
  }
  return ts.isIdentifier(node) && node.text === 'globalThis';
}

/** Whether an identifier only names a member, a key or a label, and so refers to nothing outside. */
function isNamePosition(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  const isMember =
    ts.isPropertyAssignment(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isGetAccessorDeclaration(parent) ||
    ts.isSetAccessorDeclaration(parent);
  if (isMember) return parent.name === node;
  return ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isLabeledStatement(parent);
}
