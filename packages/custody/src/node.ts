// The Node entry point: keys held by an ssh-agent.
export { createSshAgent, type SshAgentOptions } from './ssh-agent.ts';
