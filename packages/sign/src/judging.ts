// @tallystick/sign/judging: what judges keys, and signatures where the platform cannot. There is a curve in it, so the functions of `/device` have it brought when
// it is first asked.
export { nobleEd25519 } from './noble.ts';
export { choosePlatformEd25519, createIndexedDbKeyStore } from './native.ts';
