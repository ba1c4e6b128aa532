// What the size budget of the protocol core weighs: all that the main entries of oplog, chain and sign export, in one bundle.
export * from '@tallystick/chain';
export * from '@tallystick/oplog';
export * from '@tallystick/sign';
