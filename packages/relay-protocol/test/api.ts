// Reads schemas/openapi.json as far as it goes: which operation a request is of, and what of the request or its answer is not as described there.
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

export interface Described {
  /** Undefined where no operation has the path and method. */
  readonly operation: string | undefined;
  readonly problems: readonly string[];
  /** The file of the answer's schema, and the answer, where it is JSON. */
  readonly schema?: string;
  readonly json?: Readonly<Record<string, unknown>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly fits: ValidateFunction;
  readonly type: unknown;
}

interface Answer {
  /** Media type to the name of a schema, '' where any bytes do. */
  readonly schemas: ReadonlyMap<string, string>;
  readonly headers: readonly Parameter[];
}

export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly parameters: readonly Parameter[];
  readonly answers: ReadonlyMap<string, Answer>;
  readonly validate: (schema: string) => ValidateFunction;
}

interface Node {
  readonly [name: string]: Node;
}

/** Those of paths with fewer parameters first, so that `tile/entries` is none of `tile/{level}`. */
export function operationsOf(document: unknown, schemas: Ajv2020): Operation[] {
  const api = document as Node;
  const at = (node: Node): Node => {
    const ref = node['$ref'] as unknown as string | undefined;
    return ref?.startsWith('#/') === true
      ? ref
          .slice(2)
          .split('/')
          .reduce((inner, name) => inner[name] as Node, api)
      : node;
  };
  const parameterOf = (name: string, node: Node): Parameter => {
    const { schema, in: place, required } = node as unknown as { schema: Node; in: 'path'; required: boolean };
    return { name, in: place, required, type: schema['type'], fits: schemas.compile(schema) };
  };
  const answerOf = (node: Node): Answer => ({
    schemas: new Map(
      Object.entries(node['content'] ?? {}).map(([type, { schema = {} }]) => [
        type,
        (schema['$ref'] as unknown as string | undefined) ?? '',
      ]),
    ),
    headers: Object.entries(node['headers'] ?? {}).map(([name, header]) => parameterOf(name, at(header))),
  });
  const operations = Object.entries(api['paths'] as Node).flatMap(([path, { parameters: common = [], ...methods }]) =>
    Object.entries(methods).map(([method, node]): Operation => {
      const own = [...(common as unknown as Node[]), ...((node['parameters'] ?? []) as unknown as Node[])].map(at);
      return {
        name: `${method} ${path}`,
        method: method.toUpperCase(),
        path: new RegExp(`^${path.replaceAll('{index}', '(?<index>.+)').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
        parameters: own.map((each) => parameterOf(each['name'] as unknown as string, each)),
        answers: new Map(
          Object.entries(node['responses'] as Node).map(([status, each]) => [status, answerOf(at(each))]),
        ),
        validate: (schema) => schemas.getSchema(schema) as ValidateFunction,
      };
    }),
  );
  return operations.sort((left, right) => holes(left) - holes(right));
}

const holes = ({ name }: Operation): number => name.split('{').length;

export async function describeExchange(
  operations: readonly Operation[],
  { request, response }: Exchange,
): Promise<Described> {
  const url = new URL(request.url);
  const operation = operations.find(({ method, path }) => method === request.method && path.test(url.pathname));
  const { status, headers } = response;
  const problems: string[] = [];
  // What a browser asks before a page may ask is of its own standard (CORS).
  if (request.method === 'OPTIONS' && status === 204) return { operation: undefined, problems };
  if (operation === undefined) {
    const fits = (operations[0] as Operation).validate('refusal.json');
    const isRefused = status >= 400 && fits(await response.clone().json());
    return { operation: undefined, problems: isRefused ? [] : [`answered ${status}`] };
  }
  if (status < 400) problems.push(...parameterProblems(operation, request, url));
  const answer = operation.answers.get(String(status));
  if (answer === undefined) return { operation: operation.name, problems: [...problems, `status ${status}`] };
  for (const header of answer.headers) {
    const value = headers.get(header.name);
    if (value === null ? header.required === true : !header.fits(typed(value, header.type)))
      problems.push(`header ${header.name}: ${value}`);
  }
  const type = headers.get('content-type') ?? '';
  const schema = answer.schemas.get(type);
  if (schema === undefined && answer.schemas.size > 0) problems.push(`type ${type}`);
  if (type !== 'application/json' || schema === undefined) return { operation: operation.name, problems };
  const json = (await response.clone().json()) as Readonly<Record<string, unknown>>;
  const fits = operation.validate(schema);
  if (!fits(json)) problems.push(`${schema}: ${fits.errors?.[0]?.instancePath} ${fits.errors?.[0]?.message}`);
  return { operation: operation.name, problems, schema, json };
}

/** What the relay took and the document does not know, or knows otherwise. */
function parameterProblems({ parameters, path }: Operation, { headers }: Request, url: URL): string[] {
  const inPath = path.exec(url.pathname)?.groups ?? {};
  const known = new Set(parameters.flatMap(({ name, in: place }) => (place === 'query' ? [name] : [])));
  const unknown = [...url.searchParams.keys()].filter((name) => !known.has(name));
  const misfits = parameters.filter(({ name, in: place, required, type, fits }) => {
    const [value, ...more] =
      place === 'path'
        ? [decodeURIComponent(inPath[name] ?? '')]
        : place === 'query'
          ? url.searchParams.getAll(name)
          : [headers.get(name)].filter((text) => text !== null);
    if (value === undefined) return required === true;
    return !fits(type === 'array' ? [value, ...more] : typed(value, type));
  });
  return [...unknown.map((name) => `query ${name}`), ...misfits.map(({ name }) => `parameter ${name}`)];
}

function typed(text: string, type: unknown): unknown {
  return type === 'integer' && /^(?:0|[1-9][0-9]*)$/.test(text) ? Number(text) : text;
}
