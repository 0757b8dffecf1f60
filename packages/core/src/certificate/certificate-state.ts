import type { Doorbell, NodeKind } from "@steward/contracts/node";
import type { Versioned } from "../versioned.ts";

export interface CertificateState extends Versioned {
  certificateId: string;
  /** sha256 (hex) of the DER. */
  fingerprint: string;
  serial: string;
  tenantId: string;
  nodeId: string;
  /** sha256 (hex) of the SubjectPublicKeyInfo DER. */
  keyFingerprint: string;
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
