export declare const commands: Readonly<
  Record<string, { readonly from?: 'caller'; readonly lines: readonly (readonly string[])[] }>
>;
