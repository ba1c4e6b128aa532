// @tallystick/oplog/node: log stores that need Node.
export { createNodeAppendFile } from './append-file.ts';
export { type Salvage, type SalvagedRecord, salvageSqliteLog } from './sqlite-salvage.ts';
export { createSqliteLogStore } from './sqlite-log-store.ts';
