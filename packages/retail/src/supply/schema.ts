/** Shapes and bounds of the supply verbs' arguments. */
import { publicText } from '@tallystick/erasure/marking';
import type { ArgsSchema } from '@tallystick/kernel';
import { parseScope } from '@tallystick/oplog';
import * as z from 'zod';
import {
  account,
  amountMinor,
  basisPoints,
  currency,
  day,
  key,
  personNumber,
  linesOf,
  milliMinor,
  ordinal,
  positive,
  scale,
  text,
  whole,
} from '../fields.ts';
import type {
  OrderApproveArgs,
  OrderRejectArgs,
  PurchaseApproveArgs,
  PurchaseBillArgs,
  PurchaseCloseArgs,
  PurchaseMatchArgs,
  PurchaseOrderArgs,
  PurchasePayArgs,
  PurchaseReceiveArgs,
  PurchaseRejectArgs,
  PurchaseToleranceArgs,
  SellerPayArgs,
  StockLevelArgs,
  TransferCancelArgs,
  TransferDispatchArgs,
  TransferNote,
  TransferOrderArgs,
  TransferReceiveArgs,
  VanScanArgs,
  VanSettleArgs,
} from './args.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const scope = publicText(
  z.string().refine((value) => parseScope(value) !== undefined),
  'a scope',
);
/** Counted goods: there may be none. */
export const counted: z.ZodNumber = whole(0, 1e9);

const transferLine = {
  sku: key,
  name: text('what goods are called'),
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
  to: scope.exactOptional(),
  day,
  currency,
  delivery: hash.exactOptional(),
  lines: linesOf(z.strictObject({ ...transferLine, received: counted })),
});

/** What travels with the goods: of `transfer.receive` what the sender says. */
export const transferNoteArgs: z.ZodType<TransferNote> = z.strictObject({
  transfer: key,
  dispatch: hash,
  from: scope,
  to: scope.exactOptional(),
  currency,
  lines: linesOf(z.strictObject(transferLine)),
});

export const stockLevelArgs: ArgsSchema<StockLevelArgs> = z.strictObject({
  branch: scope,
  sku: key,
  minimum: counted,
  maximum: counted,
  source: scope.exactOptional(),
});

const route = { from: scope, to: scope, round: ordinal };
const ordered = z.strictObject({
  sku: key,
  name: text('what goods are called'),
  quantity: positive,
  quantityScale: scale.exactOptional(),
});

export const transferOrderArgs: ArgsSchema<TransferOrderArgs> = z.strictObject({
  ...route,
  day,
  currency,
  lines: linesOf(ordered),
});

export const transferCancelArgs: ArgsSchema<TransferCancelArgs> = z.strictObject({
  ...route,
  reason: text('why staff did it'),
});

export const purchaseOrderArgs: ArgsSchema<PurchaseOrderArgs> = z.strictObject({
  day,
  currency,
  supplier: personNumber,
  lines: linesOf(z.strictObject(transferLine)),
  reference: key.exactOptional(),
});

const asked = { asked: key, hash };
export const orderApproveArgs: ArgsSchema<OrderApproveArgs> = z.strictObject({ ...asked, day });
export const orderRejectArgs: ArgsSchema<OrderRejectArgs> = z.strictObject({
  ...asked,
  reason: text('why staff did it'),
});

const orderedGoods = z.strictObject({
  sku: key,
  name: text('what goods are called'),
  quantityScale: scale.exactOptional(),
  unitCostMilliMinor: milliMinor,
});
const delivered = {
  line: ordinal,
  quantity: counted,
  damaged: counted.exactOptional(),
  lot: key.exactOptional(),
  goods: orderedGoods,
};

export const purchaseReceiveArgs: ArgsSchema<PurchaseReceiveArgs> = z.strictObject({
  order: key,
  day,
  currency,
  reference: key,
  lines: linesOf(z.strictObject(delivered)),
});

export const purchaseCloseArgs: ArgsSchema<PurchaseCloseArgs> = z.strictObject({
  order: key,
  reason: text('why staff did it'),
});

const tolerance = whole(0, 10_000);

export const purchaseToleranceArgs: ArgsSchema<PurchaseToleranceArgs> = z.strictObject({
  supplier: personNumber.exactOptional(),
  priceBasisPoints: tolerance,
  quantityBasisPoints: tolerance,
});

const bill = { supplier: personNumber, reference: key };
const billed = {
  line: ordinal,
  quantity: positive,
  unitCostMilliMinor: milliMinor,
  taxRateBasisPoints: basisPoints.exactOptional(),
};

export const purchaseBillArgs: ArgsSchema<PurchaseBillArgs> = z.strictObject({
  ...bill,
  order: key,
  day,
  lines: linesOf(z.strictObject(billed)),
});

export const purchaseMatchArgs: ArgsSchema<PurchaseMatchArgs> = z.strictObject({ ...bill, day });
export const purchaseApproveArgs: ArgsSchema<PurchaseApproveArgs> = z.strictObject({
  ...bill,
  day,
  reason: text('why staff did it'),
});
export const purchaseRejectArgs: ArgsSchema<PurchaseRejectArgs> = z.strictObject({
  ...bill,
  reason: text('why staff did it'),
});

export const purchasePayArgs: ArgsSchema<PurchasePayArgs> = z.strictObject({
  ...bill,
  day,
  currency,
  amountMinor: amountMinor.min(1),
  account,
});

const unit = {
  sku: key,
  name: text('what goods are called'),
  quantityScale: scale.exactOptional(),
  unitPriceMilliMinor: milliMinor,
};

export const vanScanArgs: ArgsSchema<VanScanArgs> = z.strictObject({
  ...unit,
  day,
  currency,
  session: key.exactOptional(),
  taxRateBasisPoints: basisPoints.exactOptional(),
  taxIncluded: z.boolean(),
  lot: key.exactOptional(),
  tender: z.enum(['cash', 'card', 'account']),
  customer: personNumber.exactOptional(),
});

export const vanSettleArgs: ArgsSchema<VanSettleArgs> = z.strictObject({
  day,
  currency,
  seller: personNumber,
  session: key.exactOptional(),
  cashMinor: amountMinor.exactOptional(),
  documents: counted.exactOptional(),
  lines: z.array(z.strictObject({ ...unit, counted })).max(2_000),
});

export const sellerPayArgs: ArgsSchema<SellerPayArgs> = z.strictObject({
  day,
  currency,
  seller: personNumber,
  amountMinor: amountMinor.min(1),
  account,
});
