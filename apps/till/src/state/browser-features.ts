// What the till cannot do without. A page over plain http from another machine has none of it.

/** What this browser, or this address, lacks, in a person's words; undefined when everything is there. */
export function missingFeature(scope: typeof globalThis): string | undefined {
  if (!scope.isSecureContext)
    return 'Open it by an https address: over plain http a browser gives it no storage and no keys.';
  if (!('indexedDB' in scope && 'storage' in scope.navigator)) return 'This browser keeps nothing for it.';
  if (!('locks' in scope.navigator)) return 'This browser cannot keep two tabs from writing at a time.';
  return undefined;
}
