/** The parser of GS1 element strings, which brings no types of its own. Throws a text where it cannot read one. */
declare module 'gs1-barcode-parser-mod' {
  export interface ParsedElement {
    readonly ai: string;
    /** The digits or text after the application identifier. */
    readonly raw: string;
    /** `YYYY-MM-DD` of a date element, with a time where it has one; '' of others. */
    readonly isoDate: string;
  }
  export function parseBarcode(barcode: string): { readonly parsedCodeItems: readonly ParsedElement[] };
}
