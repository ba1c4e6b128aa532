// @tallystick/testkit/node: the command line of the testkit.
export { runCommand } from './fuzz.ts';
