/**
 * A naive shop to compare the real one with: it keeps every accepted op in a list, works out everything from the whole list
 * each time it is asked, calculates in fractions, and names every rule that an op breaks instead of the first one.
 */
import type {
  ChargeAdjustArgs,
  SaleCompleteArgs,
  SaleLine,
  SaleRefundArgs,
  SaleVoidArgs,
  SessionCloseArgs,
  SessionOpenArgs,
  StockAdjustArgs,
  StockReceiveArgs,
} from '../src/index.ts';

export type Call =
  | { readonly verb: 'sale.complete'; readonly args: SaleCompleteArgs }
  | { readonly verb: 'sale.refund'; readonly args: SaleRefundArgs }
  | { readonly verb: 'sale.void'; readonly args: SaleVoidArgs }
  | { readonly verb: 'stock.receive'; readonly args: StockReceiveArgs }
  | { readonly verb: 'stock.adjust'; readonly args: StockAdjustArgs }
  | { readonly verb: 'charge.adjust'; readonly args: ChargeAdjustArgs }
  | { readonly verb: 'session.open'; readonly args: SessionOpenArgs }
  | { readonly verb: 'session.close'; readonly args: SessionCloseArgs };

interface ReferenceLine {
  readonly line: Pick<SaleLine, 'sku' | 'quantity' | 'unitPriceMilliMinor'>;
  readonly net: bigint;
  readonly tax: bigint;
}

/** What one op did, as signed facts. */
interface Fact {
  readonly id: string;
  readonly call: Call;
  readonly kind: 'sale' | 'refund' | 'void' | 'other';
  readonly lines: readonly ReferenceLine[];
  readonly moves: readonly (readonly [sku: string, delta: bigint])[];
  readonly drawer: readonly [session: string, delta: bigint] | undefined;
  readonly posted: readonly (readonly [account: string, amount: bigint])[];
}

export interface ReferenceRules {
  /** Skus whose stock may not go below zero. */
  readonly guarded: ReadonlySet<string>;
}

/** Nearest integer to a fraction, halves away from zero: by searching, not by formula. */
function nearest(numerator: bigint, denominator: bigint): bigint {
  if (numerator < 0n) return -nearest(-numerator, denominator);
  let whole = numerator / denominator;
  while (2n * (numerator - whole * denominator) >= denominator) whole += 1n;
  return whole;
}

function priced(line: SaleLine, taxIncluded: boolean): ReferenceLine {
  const scale = 10n ** BigInt(line.quantityScale ?? 0);
  const quoted = nearest(BigInt(line.quantity) * BigInt(line.unitPriceMilliMinor), 1000n * scale);
  const rate = BigInt(line.taxRateBasisPoints ?? 0);
  const tax = taxIncluded ? nearest(quoted * rate, 10_000n + rate) : nearest(quoted * rate, 10_000n);
  return { line, net: taxIncluded ? quoted - tax : quoted, tax };
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
const tenderAccount = { cash: '1000', card: '1010', account: '1100', entitlement: '2310' } as const;

export class ReferenceShop {
  readonly #rules: ReferenceRules;
  readonly #facts: Fact[] = [];

  constructor(rules: ReferenceRules) {
    this.#rules = rules;
  }

  /** Codes of all rules that the op breaks; none means it must be accepted. */
  broken(call: Call): readonly string[] {
    const codes: string[] = [];
    const fact = this.#factOf('', call, codes);
    for (const sku of new Set(fact.moves.map(([moved]) => moved))) {
      const delta = sum(fact.moves.filter(([moved]) => moved === sku).map(([, moved]) => moved));
      const isGuarded = this.#rules.guarded.has(sku) && (call.verb === 'sale.complete' || call.verb === 'stock.adjust');
      if (isGuarded && delta < 0n && this.onHand(sku) + delta < 0n) codes.push('retail/out-of-stock');
    }
    return codes;
  }

  accept(id: string, call: Call): void {
    this.#facts.push(this.#factOf(id, call, []));
  }

  onHand(sku: string): bigint {
    return sum(this.#facts.flatMap((fact) => fact.moves.filter(([moved]) => moved === sku).map(([, delta]) => delta)));
  }

  drawer(session: string): bigint {
    return sum(this.#facts.flatMap((fact) => (fact.drawer?.[0] === session ? [fact.drawer[1]] : [])));
  }

  balances(): Record<string, number> {
    const totals: Record<string, number> = {};
    for (const account of new Set(this.#facts.flatMap((fact) => fact.posted.map(([name]) => name)))) {
      const amounts = this.#facts.flatMap((fact) => fact.posted.filter(([name]) => name === account));
      const total = Number(sum(amounts.map(([, amount]) => amount)));
      if (total !== 0) totals[account] = total;
    }
    return totals;
  }

  stock(): Record<string, number> {
    const skus = new Set(this.#facts.flatMap((fact) => fact.moves.map(([sku]) => sku)));
    return Object.fromEntries(
      [...skus].map((sku) => [sku, Number(this.onHand(sku))] as const).filter(([, count]) => count !== 0),
    );
  }

  drawers(): Record<string, number> {
    const sessions = this.#facts.filter((fact) => fact.call.verb === 'session.open').map((fact) => fact.id);
    return Object.fromEntries(
      sessions.map((id) => [id, Number(this.drawer(id))] as const).filter(([, cash]) => cash !== 0),
    );
  }

  /** Documents issued per kind, which is what the last number of each series must be. */
  issued(verb: Call['verb']): number {
    return this.#facts.filter((fact) => fact.call.verb === verb).length;
  }

  #factOf(id: string, call: Call, codes: string[]): Fact {
    switch (call.verb) {
      case 'sale.complete':
        return this.#sale(id, call, codes);
      case 'sale.refund':
        return this.#refund(id, call, codes);
      case 'sale.void':
        return this.#void(id, call, codes);
      case 'session.open':
      case 'session.close':
        return this.#session(id, call, codes);
      default:
        return goodsFact(id, call);
    }
  }

  #sale(id: string, call: Call & { verb: 'sale.complete' }, codes: string[]): Fact {
    const { args } = call;
    const lines = args.lines.map((line) => priced(line, args.taxIncluded));
    const paid = args.tenders.map((tender) => [tender.kind, BigInt(tender.amountMinor)] as const);
    const cash = sum(paid.filter(([kind]) => kind === 'cash').map(([, amount]) => amount));
    const change = BigInt(args.changeMinor ?? 0);
    this.#needSession(args.session, codes);
    if (change > cash) codes.push('retail/change-not-cash');
    if (sum(paid.map(([, amount]) => amount)) - change !== totalOf(lines)) codes.push('retail/tender-mismatch');
    return {
      id,
      call,
      kind: 'sale',
      lines,
      moves: args.lines.map((line) => [line.sku, -BigInt(line.quantity)] as const),
      drawer: args.session === undefined ? undefined : [args.session, cash - change],
      posted: [
        ...paid.map(([kind, amount]) => [tenderAccount[kind], amount] as const),
        ['1000', -change],
        ['4000', -sum(lines.map((line) => line.net))],
        ['2200', -sum(lines.map((line) => line.tax))],
      ],
    };
  }

  #refund(id: string, call: Call & { verb: 'sale.refund' }, codes: string[]): Fact {
    const { args } = call;
    const lines = this.#shared(
      args,
      args.lines.map((line) => priced(line, args.taxIncluded)),
    );
    const paid = args.tenders.map((tender) => [tender.kind, BigInt(tender.amountMinor)] as const);
    const cash = sum(paid.filter(([kind]) => kind === 'cash').map(([, amount]) => amount));
    this.#needSession(args.session, codes);
    if (sum(paid.map(([, amount]) => amount)) !== totalOf(lines)) codes.push('retail/tender-mismatch');
    if (args.original !== undefined) this.#needOriginal(args, lines, codes);
    return {
      id,
      call,
      kind: 'refund',
      lines: lines.map(negative),
      moves: args.lines.map((line) => [line.sku, BigInt(line.quantity)] as const),
      drawer: args.session === undefined ? undefined : [args.session, -cash],
      posted: [
        ...paid.map(([kind, amount]) => [tenderAccount[kind], -amount] as const),
        ['4000', sum(lines.map((line) => line.net))],
        ['2200', sum(lines.map((line) => line.tax))],
      ],
    };
  }

  /** Of a sale that is given back, each line with the tax that is due on all of it so far, less what was given back of that before. */
  #shared(args: SaleRefundArgs, lines: readonly ReferenceLine[]): readonly ReferenceLine[] {
    const target = this.#facts.find((fact) => fact.id === args.original);
    const shared: ReferenceLine[] = [];
    for (const [index, line] of lines.entries()) {
      const sold = target?.lines[(args.lines[index]?.line ?? 0) - 1];
      const whole = sold === undefined ? 0n : sold.net + sold.tax;
      const before = this.#backOf(args, args.lines[index]?.line).concat(
        shared.filter((_line, other) => args.lines[other]?.line === args.lines[index]?.line),
      );
      const so = totalOf(before) + line.net + line.tax;
      if (sold === undefined || so > whole) shared.push(line);
      else {
        const tax = nearest(sold.tax * so, whole === 0n ? 1n : whole) - sum(before.map((back) => back.tax));
        shared.push({ ...line, net: line.net + line.tax - tax, tax });
      }
    }
    return shared;
  }

  /** Of one line of a sale, all that was given back before. */
  #backOf({ original }: SaleRefundArgs, number: number | undefined): readonly ReferenceLine[] {
    return this.#refundsOf(original ?? '').flatMap(({ call, lines }) =>
      call.verb === 'sale.refund'
        ? lines.filter((_line, index) => call.args.lines[index]?.line === number).map(negative)
        : [],
    );
  }

  #void(id: string, call: Call & { verb: 'sale.void' }, codes: string[]): Fact {
    const { args } = call;
    const target = this.#facts.find((fact) => fact.id === args.document);
    const nothing: Fact = { id, call, kind: 'void', lines: [], moves: [], drawer: undefined, posted: [] };
    if (target === undefined || target.kind === 'other') codes.push('retail/unknown-document');
    else if (target.kind !== 'sale') codes.push('retail/not-a-sale');
    if (this.#isVoided(args.document)) codes.push('retail/voided');
    if (this.#refundsOf(args.document).length > 0) codes.push('retail/refunded');
    this.#needSession(args.session, codes);
    if (target === undefined) return nothing;
    const session = args.session ?? target.drawer?.[0];
    return {
      ...nothing,
      lines: target.lines.map(negative),
      moves: target.moves.map(([sku, delta]) => [sku, -delta] as const),
      drawer: session === undefined ? undefined : [session, -cashOf(target)],
      posted: target.posted.map(([account, amount]) => [account, -amount] as const),
    };
  }

  #session(id: string, call: Call & { verb: 'session.open' | 'session.close' }, codes: string[]): Fact {
    const fact = { id, call, kind: 'other', lines: [], moves: [] } as const;
    if (call.verb === 'session.open') {
      if (this.openSession() !== undefined) codes.push('retail/session-open');
      return { ...fact, drawer: [id, BigInt(call.args.floatMinor)], posted: [] };
    }
    const { session, countedMinor } = call.args;
    if (!this.#facts.some((known) => known.id === session)) codes.push('retail/unknown-session');
    else if (this.openSession() !== session) codes.push('retail/session-closed');
    const expected = this.drawer(session);
    const over = BigInt(countedMinor) - expected;
    return {
      ...fact,
      drawer: [session, -expected],
      posted: [
        ['1000', over],
        ['6900', -over],
      ],
    };
  }

  openSession(): string | undefined {
    const opened = this.#facts.filter((fact) => fact.call.verb === 'session.open').map((fact) => fact.id);
    const closed = this.#facts.flatMap((fact) => (fact.call.verb === 'session.close' ? [fact.call.args.session] : []));
    return opened.find((id) => !closed.includes(id));
  }

  #needSession(session: string | undefined, codes: string[]): void {
    if (session !== undefined && session !== this.openSession())
      codes.push('retail/session-closed', 'retail/unknown-session');
  }

  #needOriginal(args: SaleRefundArgs, lines: readonly ReferenceLine[], codes: string[]): void {
    const document = args.original ?? '';
    const target = this.#facts.find((fact) => fact.id === document);
    if (target?.call.verb !== 'sale.complete') {
      codes.push('retail/unknown-document', 'retail/not-a-sale');
      return;
    }
    if (this.#isVoided(document)) codes.push('retail/voided');
    for (const number of new Set(args.lines.map((line) => line.line ?? 0))) {
      const sold = target.lines[number - 1];
      if (sold === undefined) {
        codes.push('retail/unknown-line');
        continue;
      }
      const given = args.lines.flatMap((line, index) => (line.line === number ? [lines[index] as ReferenceLine] : []));
      const back = [...this.#backOf(args, number), ...given];
      const quantity = sum(back.map(({ line }) => BigInt(Math.abs(line.quantity))));
      if (quantity > BigInt(sold.line.quantity) || totalOf(back) > totalOf([sold])) codes.push('retail/over-refunded');
      if (given.some(({ line }) => line.sku !== sold.line.sku)) codes.push('retail/line-mismatch');
    }
  }

  #isVoided(document: string): boolean {
    return this.#facts.some((fact) => fact.call.verb === 'sale.void' && fact.call.args.document === document);
  }

  #refundsOf(document: string): readonly Fact[] {
    return this.#facts.filter((fact) => fact.call.verb === 'sale.refund' && fact.call.args.original === document);
  }
}

function goodsFact(id: string, call: Call & { verb: 'stock.receive' | 'stock.adjust' | 'charge.adjust' }): Fact {
  const lines =
    call.verb === 'stock.receive'
      ? call.args.lines.map((line) => priced({ ...line, unitPriceMilliMinor: line.unitCostMilliMinor }, false))
      : call.args.lines.map((line) => priced(line, false));
  const total = totalOf(lines);
  const accounts = {
    'stock.receive': ['5000', '2100'],
    'stock.adjust': ['5000', '5900'],
    'charge.adjust': ['1100', call.verb === 'charge.adjust' ? call.args.account : ''],
  } as const;
  const [debit, credit] = accounts[call.verb];
  const moves = lines.map(({ line }) => [line.sku, BigInt(line.quantity)] as const);
  return {
    id,
    call,
    kind: 'other',
    lines,
    drawer: undefined,
    moves: call.verb === 'charge.adjust' ? [] : moves,
    posted: [
      [debit, total],
      [credit, -total],
    ],
  };
}

function totalOf(lines: readonly ReferenceLine[]): bigint {
  return sum(lines.map((line) => line.net + line.tax));
}

function negative({ line, net, tax }: ReferenceLine): ReferenceLine {
  return { line, net: -net, tax: -tax };
}

function cashOf({ call }: Fact): bigint {
  if (call.verb !== 'sale.complete') return 0n;
  const cash = call.args.tenders.filter((tender) => tender.kind === 'cash').map((tender) => BigInt(tender.amountMinor));
  return sum(cash) - BigInt(call.args.changeMinor ?? 0);
}
