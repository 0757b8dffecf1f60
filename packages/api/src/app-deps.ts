import type { Context, WithObjects } from "@steward/control/context";
import type { Signer } from "@steward/aws/signing";
import type { IdempotencyStore } from "./idempotency.ts";

/**
 * What the API is given. A function holds every part, but its role covers only some of them: a part that a function
 * may not use fails at its first call, and none of the routes that it serves makes one.
 */
export interface AppDeps extends Context, WithObjects {
  /** One per use; each calls KMS with the rights of its own function. */
  signers: { token: Signer; approval: Signer; issuer: Signer };
  /** The public half of the key that signs access tokens: base64 of its SubjectPublicKeyInfo. */
  tokenKey: () => Promise<{ keyId: string; publicKey: string }>;
  /** 32 bytes from Secrets Manager that encrypt list cursors. */
  cursorKey: () => Promise<Uint8Array>;
  idempotency: IdempotencyStore;
  /** What an enrolled node is told about this installation. */
  installation: Installation;
  /** Domain names of the two doors, without port. */
  domains: { api: readonly string[]; nodes: readonly string[] };
  /** Pages without data, by path: `/`, `/app.js`, `/style.css`. */
  assets: Readonly<Record<string, Asset>>;
  /** Checks for `GET /health`; one that throws is `failed`. */
  checks: Readonly<Record<string, () => Promise<unknown>>>;
  version: string;
  /** Hold every answer to its schema: in development and tests. A mismatch is a fault (500) then. */
  checkAnswers: boolean;
}

export interface Installation {
  /** `https://nodes.…`: where enrolled nodes call. */
  nodesUrl: string;
  caCertificate: () => Promise<string>;
  rootPublicKey: () => Promise<string>;
  /** Registers a machine with SSM for the `ssm` doorbell. */
  createActivation: (node: { nodeId: string; tenantId: string; name: string }) => Promise<{ id: string; code: string }>;
}

export interface Asset {
  contentType: string;
  body: string;
}
