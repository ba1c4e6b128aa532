// @tallystick/kernel/browser: where a book lives in a browser, and how every tab uses it.
export {
  askToPersist,
  type BrowserLog,
  type BrowserLogKind,
  type BrowserLogOptions,
  type BrowserStorage,
  openBrowserLog,
  readBrowserLog,
} from './browser-log.ts';
export { type BrowserStore, browserStore, type BrowserStoreOptions } from './browser-store.ts';
export { openOpfsFile, opfsImages } from './opfs.ts';
export { connectBook, type RemoteBook, type RemoteCommit, serveBook, type ServedActions } from './shared-book.ts';
