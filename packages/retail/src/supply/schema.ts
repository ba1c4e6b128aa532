/** Shapes and bounds of the supply verbs' arguments. */
import type { ArgsSchema } from '@tallystick/kernel';
import { parseScope } from '@tallystick/oplog';
import * as z from 'zod';
import { currency, day, key, linesOf, milliMinor, ordinal, positive, scale, text, whole } from '../fields.ts';
import type {
  StockLevelArgs,
  TransferCancelArgs,
  TransferDispatchArgs,
  TransferOrderArgs,
  TransferReceiveArgs,
} from './args.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const scope = z.string().refine((value) => parseScope(value) !== undefined);
/** Counted goods: there may be none. */
const counted = whole(0, 1e9);

const transferLine = {
  sku: key,
  name: text,
  quantity: positive,
  quantityScale: scale.exactOptional(),
  unitCostMilliMinor: milliMinor,
  lot: key.exactOptional(),
};

export const transferDispatchArgs: ArgsSchema<TransferDispatchArgs> = z.strictObject({
  day,
  currency,
  to: scope,
  lines: linesOf(z.strictObject(transferLine)),
  round: ordinal.exactOptional(),
  reference: key.exactOptional(),
});

export const transferReceiveArgs: ArgsSchema<TransferReceiveArgs> = z.strictObject({
  transfer: key,
  dispatch: hash,
  from: scope,
  day,
  currency,
  delivery: hash.exactOptional(),
  lines: linesOf(z.strictObject({ ...transferLine, received: counted })),
});

export const stockLevelArgs: ArgsSchema<StockLevelArgs> = z.strictObject({
  branch: scope,
  sku: key,
  minimum: counted,
  maximum: counted,
  source: scope.exactOptional(),
});

const route = { from: scope, to: scope, round: ordinal };
const ordered = z.strictObject({ sku: key, name: text, quantity: positive, quantityScale: scale.exactOptional() });

export const transferOrderArgs: ArgsSchema<TransferOrderArgs> = z.strictObject({
  ...route,
  day,
  currency,
  lines: linesOf(ordered),
});

export const transferCancelArgs: ArgsSchema<TransferCancelArgs> = z.strictObject({ ...route, reason: text });
