// What the size budget of the protocol core weighs: all that the main entries of oplog, chain and sign export, in one bundle.
export * as chain from '@tallystick/chain';
export * as oplog from '@tallystick/oplog';
export * as sign from '@tallystick/sign';
