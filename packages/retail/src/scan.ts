/** What a till scans, for programs that have a scanner: apart from the verbs, because no fold needs it. */
export { type Scanned, type ScanOutcome, scan } from './catalogue/scan.ts';
