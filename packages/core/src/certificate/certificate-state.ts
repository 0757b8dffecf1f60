import type { CertificateKind } from "@steward/contracts/certificate";
import type { Doorbell, NodeKind } from "@steward/contracts/node";
import type { Versioned } from "../versioned.ts";

export interface CertificateState extends Versioned {
  certificateId: string;
  kind: CertificateKind;
  /** sha256 (hex) of the DER. */
  fingerprint: string;
  serial: string;
  tenantId: string;
  /** The node's id, or the person's; and how it was called then. */
  holderId: string;
  holderName: string;
  /** Fingerprint of the certificate before it: all that a node ever had hang together, without an index. */
  renews?: string;
  /** Fingerprint of the certificate whose key asked for this one. */
  provenBy?: string;
  /** sha256 (hex) of the SubjectPublicKeyInfo DER. */
  keyFingerprint: string;
  /** Of a person's: what the session was that asked for it. What it opens is no more than that. */
  asked?: { epoch: number; limitTo?: string; issuerId?: string };
  pem: string;
  issuedAtMs: number;
  notAfterMs: number;
  revokedAtMs?: number;
  reason?: string;
}

/** A single-use token to enrol with; only its sha256 is kept. */
export interface EnrolmentState extends Versioned {
  tokenHash: string;
  tenantId: string;
  nodeId: string;
  kind: NodeKind;
  name: string;
  tags: string[];
  doorbell: Doorbell;
  createdBy: string;
  createdAtMs: number;
  expiresAtMs: number;
  /** The key that used it: the same one gets the same certificate again, another one quarantines the node. */
  usedWith?: string;
  usedAtMs?: number;
  certificate?: string;
  activation?: { id: string; code: string };
}
