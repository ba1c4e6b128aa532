// What the build puts in place.
declare const __APP_VERSION__: string;

declare module '*.css';

declare module '*.wasm?url' {
  export const address: string;
  const url: string;
  export default url;
}

interface ImportMeta {
  /** What Vite puts in place. */
  readonly env: { readonly DEV: boolean };
}
