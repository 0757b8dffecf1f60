import { defaults } from "@steward/contracts/defaults";
import type { SigningKeyUse } from "@steward/contracts/names";

export interface KeyTimes {
  /** From the publication of a key until everybody who checks signatures surely knows it. */
  knownAfterMs: number;
  /** From the last signature that a key may have made until nothing that it signed is shown any more. */
  overlapMs: number;
  /** After so long a key is due for rotation. */
  dueAfterMs: number;
}

const second = 1000;
const minute = 60 * second;
const day = 86_400 * second;

/** How long signers remember where an alias points (`kms-signer.ts`); also AWS's own word for when an alias is known to IAM. */
export const signerMemoryMs = 5 * minute;
/** How far apart the clocks may be of who signs, who checks and who rotates. */
const clocksMs = 5 * minute;
/** A function remembers a parameter for a minute. */
const cacheMs = minute;
/** For how long an agent obeys what it has fetched (`trust-store.ts`). */
const agentMemoryMs = 10 * minute;
/** A certificate may be renewed for so long after its end. */
const lateRenewalMs = defaults.lateRenewalSeconds * second;

const known = { caches: cacheMs + signerMemoryMs + clocksMs, agents: cacheMs + agentMemoryMs + clocksMs };
/** After a promotion some still sign with the old key, and clocks differ. */
const lastSignatureMs = signerMemoryMs + clocksMs;

export function keyTimes(use: SigningKeyUse): KeyTimes {
  const dueAfterMs = use === "issuer" ? 3 * 365 * day : 365 * day;
  const times = (knownAfterMs: number, signedForMs: number): KeyTimes => ({
    knownAfterMs,
    overlapMs: lastSignatureMs + signedForMs,
    dueAfterMs,
  });
  switch (use) {
    case "token":
      return times(known.caches, defaults.accessTokenSeconds * second);
    case "dispatch":
      return times(known.agents, defaults.envelopeSeconds * second);
    case "approval":
      return times(known.agents, defaults.planSeconds * second);
    // It is signed anew at once: what remains is who has not fetched it yet.
    case "release":
      return times(known.agents, known.agents);
    case "issuer":
      return times(known.caches, defaults.certificateSeconds * second + lateRenewalMs);
    // Each attempt is signed anew, and a receiver that meets a key it does not know reads them again; it may remember an
    // old one for an hour.
    case "notify":
      return times(known.caches, 60 * minute);
    // What it signed is kept for years: its public half stays listed, and only the key itself goes.
    case "seal":
      return times(known.agents, cacheMs);
    default:
      return use satisfies never;
  }
}
