import { AppError } from "@steward/contracts/errors";
import type { KeyRing, RingKey } from "@steward/contracts/key-ring";
import type { SigningKeyUse } from "@steward/contracts/names";
import { keyTimes } from "./key-times.ts";

export type NewKey = Pick<RingKey, "keyId" | "publicKey" | "kmsKeyId">;

export type KeyEvent =
  /** A key was made that shall sign one day. */
  | { type: "prepare"; key: NewKey }
  /** It stands wherever signatures are checked. */
  | { type: "announce" }
  /** It signs: the alias points at it. */
  | { type: "promote"; keyId: string }
  /** What was signed once and for all carries its signature. */
  | { type: "reissue" }
  /** Whatever was signed up to now is worth nothing as soon as another key signs. */
  | { type: "compromise"; reason: string }
  /** Its key in KMS was given up. */
  | { type: "retire"; keyId: string };

/** A stage that never rotated a use has the one key that its alias names. */
export function firstRing(key: NewKey, nowMs: number): KeyRing {
  return { v: 1, keys: [{ ...key, state: "current", sinceMs: nowMs }] };
}

/**
 * What an event makes of a ring. An event that changes nothing returns the same object: whoever sends it may have been
 * killed after it was stored, or not be alone.
 * @throws AppError `invalid_transition` for what would leave nobody, or somebody unknown, to sign
 */
export function reduceKeyRing(use: SigningKeyUse, ring: KeyRing, event: KeyEvent, nowMs: number): KeyRing {
  const set = (keyId: string, change: Partial<RingKey>) =>
    withKeys(ring.keys.map((key) => (key.keyId === keyId ? { ...key, ...change } : key)));
  const next = nextOf(ring);
  const current = currentOf(ring);
  switch (event.type) {
    case "prepare":
      if (ring.keys.some(({ keyId }) => keyId === event.key.keyId)) return ring;
      if (next !== undefined) throw impossible(`${next.keyId} is to sign next already`);
      return withKeys([{ ...event.key, state: "next", sinceMs: nowMs }, ...ring.keys]);
    case "announce":
      if (next === undefined || next.announcedAtMs !== undefined) return ring;
      return set(next.keyId, { announcedAtMs: nowMs });
    case "promote": {
      if (current.keyId === event.keyId) return ring;
      if (next?.keyId !== event.keyId || next.announcedAtMs === undefined) {
        throw impossible(`${event.keyId} was never announced: what it signs would be refused`);
      }
      return withKeys(
        ring.keys.map((key) => {
          if (key.state === "next") return { ...key, state: "current", sinceMs: nowMs };
          return key.state === "current" ? { ...key, state: "previous", sinceMs: nowMs } : key;
        }),
      );
    }
    case "reissue":
      return current.reissuedAtMs === undefined ? set(current.keyId, { reissuedAtMs: nowMs }) : ring;
    case "compromise": {
      const { reason } = event;
      // A key that has never signed, and one that is gone for good, are nobody's loot.
      const isOut = ({ state, compromised, retiredAtMs }: RingKey) =>
        state === "next" || compromised !== undefined || retiredAtMs !== undefined;
      if (ring.keys.every(isOut)) return ring;
      return withKeys(ring.keys.map((key) => (isOut(key) ? key : { ...key, compromised: reason })));
    }
    case "retire": {
      const key = ring.keys.find(({ keyId }) => keyId === event.keyId);
      if (key === undefined || key.retiredAtMs !== undefined) return ring;
      if (!isOver(use, ring, key, nowMs)) throw impossible(`what ${key.keyId} signed may still be shown`);
      const stays = use === "seal" && key.compromised === undefined;
      return stays
        ? set(key.keyId, { retiredAtMs: nowMs })
        : withKeys(ring.keys.filter(({ keyId }) => keyId !== key.keyId));
    }
    default:
      return event satisfies never;
  }
}

/** The keys to be published now: in the trust document, or in the truststore. Seals are checked years later. */
export function publishedKeys(use: SigningKeyUse, ring: KeyRing, nowMs: number): RingKey[] {
  return ring.keys.filter((key) => !isOver(use, ring, key, nowMs) || (use === "seal" && key.compromised === undefined));
}

/** When what a key signed has run out; undefined for one that signs or will sign, or whose work is yet to be redone. */
export function overAtMs(use: SigningKeyUse, ring: KeyRing, key: RingKey): number | undefined {
  if (key.state !== "previous") return undefined;
  const { reissuedAtMs, sinceMs } = currentOf(ring);
  if (use === "release" && reissuedAtMs === undefined) return undefined;
  // The reissue of a key that was signing since; never before the key itself was put away.
  const lastMs = Math.max(key.sinceMs, use === "release" ? (reissuedAtMs ?? sinceMs) : 0);
  return key.compromised === undefined ? lastMs + keyTimes(use).overlapMs : lastMs;
}

export function nextOf({ keys }: KeyRing): RingKey | undefined {
  return keys.find(({ state }) => state === "next");
}

export function currentOf({ keys }: KeyRing): RingKey {
  const current = keys.find(({ state }) => state === "current");
  if (current === undefined) throw new AppError("internal", "a ring without a key that signs", { retryable: false });
  return current;
}

function isOver(use: SigningKeyUse, ring: KeyRing, key: RingKey, nowMs: number): boolean {
  const at = overAtMs(use, ring, key);
  return at !== undefined && nowMs >= at;
}

function withKeys(keys: RingKey[]): KeyRing {
  return { v: 1, keys };
}

function impossible(sentence: string): AppError {
  return new AppError("invalid_transition", sentence);
}
