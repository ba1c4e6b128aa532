import Database from 'better-sqlite3';
import initSqlJs from 'sql.js';
import { betterSqliteDriver } from '../src/node.ts';
import { sqljsDriver } from '../src/sqljs.ts';
import { driverContract } from './contract.ts';

const sqlite = await initSqlJs();

driverContract('better-sqlite3', () => betterSqliteDriver(new Database(':memory:')));
driverContract('sql.js', () => sqljsDriver(new sqlite.Database()));
