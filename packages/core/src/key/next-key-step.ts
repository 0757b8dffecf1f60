import type { KeyRing, RingKey } from "@steward/contracts/key-ring";
import type { SigningKeyUse } from "@steward/contracts/names";
import { keyTimes } from "./key-times.ts";
import { currentOf, nextOf, overAtMs, publishedKeys } from "./reduce-key-ring.ts";

/** How far a rotation is, by what is stored and published. */
export interface KeySituation {
  use: SigningKeyUse;
  ring: KeyRing;
  /** What stands published: the keys of the trust document, of the truststore's CAs. Undefined where nobody looks. */
  published: readonly string[] | undefined;
  /** Whether the nodes door has loaded the truststore that is published. Undefined where that is no question. */
  doorKnows: boolean | undefined;
  /** Who signed what is signed once and for all: the release. */
  issuedBy: string | undefined;
}

export type KeyStep =
  /** Make a key, and note it as the next one. */
  | { do: "prepare" }
  /** Publish exactly these, then note that the next one is announced. */
  | { do: "publish"; keys: RingKey[] }
  | { do: "promote"; key: RingKey; instead: RingKey }
  | { do: "reissue" }
  /** Give the key up, publish exactly these, then take it off the ring. */
  | { do: "retire"; key: RingKey; keys: RingKey[] }
  /** Nothing to be done before. */
  | { do: "wait"; for: "door" }
  | { do: "wait"; for: "everybody knows" | "nothing is shown any more"; untilMs: number; key: RingKey }
  | { do: "rest" };

/**
 * What a rotation does next: the first thing that is missing. It depends on nothing but what is stored, so whoever was
 * killed goes on where he stopped, and two who rotate at once do the same. `begin`: another key is wanted, where no
 * rotation is under way.
 */
export function nextKeyStep(
  { use, ring, published, doorKnows, issuedBy }: KeySituation,
  { nowMs, begin }: { nowMs: number; begin: boolean },
): KeyStep {
  const { knownAfterMs } = keyTimes(use);
  const next = nextOf(ring);
  const current = currentOf(ring);
  const previous = ring.keys.filter(({ state, retiredAtMs }) => state === "previous" && retiredAtMs === undefined);
  if (next === undefined) {
    if (current.compromised !== undefined) return { do: "prepare" };
    if (begin && previous.length === 0) return { do: "prepare" };
  }
  // Before a key is withdrawn that signed the one release there is.
  if (use === "release" && current.reissuedAtMs === undefined && previous.length > 0) return { do: "reissue" };
  if (use === "release" && issuedBy !== undefined && issuedBy !== current.keyId) return { do: "reissue" };

  const wanted = publishedKeys(use, ring, nowMs);
  const [ending] = previous
    .flatMap((key) => {
      const untilMs = overAtMs(use, ring, key);
      return untilMs === undefined ? [] : [{ key, untilMs }];
    })
    .sort((a, b) => a.untilMs - b.untilMs);
  // The key goes before its publication does: nobody may sign with one that is not accepted any more.
  if (ending !== undefined && nowMs >= ending.untilMs) return { do: "retire", key: ending.key, keys: wanted };
  if (published !== undefined && !sameSet(published, wanted)) return { do: "publish", keys: wanted };
  if (next !== undefined) {
    if (next.announcedAtMs === undefined) return { do: "publish", keys: wanted };
    // Also in a hurry: a door that does not know the new CA would shut out everybody who gets a certificate.
    if (doorKnows === false) return { do: "wait", for: "door" };
    const untilMs = next.announcedAtMs + (current.compromised === undefined ? knownAfterMs : 0);
    if (nowMs < untilMs) return { do: "wait", for: "everybody knows", untilMs, key: next };
    return { do: "promote", key: next, instead: current };
  }
  return ending === undefined ? { do: "rest" } : { do: "wait", for: "nothing is shown any more", ...ending };
}

function sameSet(published: readonly string[], wanted: readonly RingKey[]): boolean {
  const keys = new Set(published);
  return keys.size === wanted.length && wanted.every(({ keyId }) => keys.has(keyId));
}
