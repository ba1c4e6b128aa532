// Keyrings and their backup on the disks of servers and back offices.
export { createFileKeyring } from './file-keyring.ts';
export { createFolderBlobs } from './folder-blobs.ts';
