// Keys that never enter the process: a hardware token, a key management service or an agent signs, and hands out public keys.
import { type Hasher, portableHasher } from '@tallystick/chain';
import type { DeviceId } from '@tallystick/oplog';
import { acceptPublicKey, type DeviceKey, type Ed25519, type KeyStore, keyIdOf, nobleEd25519 } from '@tallystick/sign';
import { CustodyError } from './errors.ts';

/** What a holder of Ed25519 keys can do. Each call may take a person's touch. */
export interface KeyAgent {
  /** 32 bytes, or undefined where there is no key of that name. */
  publicKey(name: string): Promise<Uint8Array | undefined>;
  /** 64 bytes: Ed25519 over the message itself, not over a hash of it (in RFC 8032's words: Ed25519, not Ed25519ph). */
  sign(name: string, message: Uint8Array): Promise<Uint8Array>;
  /** Makes a key inside. Left out where keys are made by other means. */
  create?(name: string): Promise<Uint8Array>;
}

export interface AgentKeyStoreOptions {
  readonly ed25519?: Ed25519;
  readonly hasher?: Hasher;
}

/**
 * A key store over an agent. Each signature is verified before it is handed on, for an agent that signs with another key would
 * write ops that everybody refuses. Throws `custody/agent`, with what the agent threw as its `cause`.
 */
export function createAgentKeyStore(
  agent: KeyAgent,
  { ed25519 = nobleEd25519, hasher = portableHasher }: AgentKeyStoreOptions = {},
): KeyStore {
  const keyOf = (name: string, publicKey: Uint8Array): DeviceKey => {
    if (!acceptPublicKey(publicKey))
      throw new CustodyError('custody/agent', `the agent's key ${name} may not be enrolled`);
    const keyId = keyIdOf(publicKey, hasher);
    const device: string = keyId;
    return {
      device: device as DeviceId,
      keyId,
      publicKey,
      async sign(message) {
        const signature = await ask(`sign with ${name}`, () => agent.sign(name, message));
        if (await ed25519.verify(publicKey, message, signature)) return signature;
        throw new CustodyError('custody/agent', `what the agent gave is no signature by the key ${name}`);
      },
    };
  };
  return {
    async load(name) {
      const publicKey = await ask(`look up ${name}`, () => agent.publicKey(name));
      return publicKey === undefined ? undefined : keyOf(name, publicKey);
    },
    async create(name) {
      const { create } = agent;
      if (create === undefined) {
        throw new CustodyError('custody/agent', `this agent makes no keys: make ${name} by its own means`);
      }
      return keyOf(name, await ask(`create ${name}`, () => create.call(agent, name)));
    },
  };
}

async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new CustodyError('custody/agent', `the agent does not ${what}`, { cause });
  }
}
