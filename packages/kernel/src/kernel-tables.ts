/** Every table of the kernel's own verbs. They are in force in every book without adoption, and no adoption names them. */
import { actTables, certificates, disagreements, relayAppointments, relayExtents } from './act-tables.ts';
import { builtinTables } from './builtin-tables.ts';

import type { AnyTable } from './table.ts';

export const kernelTables: readonly AnyTable[] = [
  ...builtinTables,
  certificates,
  disagreements,
  ...actTables,
  relayAppointments,
  relayExtents,
];
