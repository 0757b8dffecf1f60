import { type AuditEntry, hashOfEntry } from "./audit.ts";
import { sha256Hex } from "./canonical.ts";
import { checkProof, firstPrevious, type SealPayload, type SealView, sealPayloadSchema } from "./seal.ts";
import { type SignedDocument, signingInput } from "./signed.ts";

/** What can be wrong with a trail. Any of these means that it is not what was sealed, or that it is not sealed as promised. */
export type FindingKind =
  /** Seal: by no key of the trust document, or its signature is not that key's. */
  | "forged"
  /** Seal: there is one missing before it. */
  | "gap"
  /** Seal: it does not follow the one before. */
  | "chain"
  /** Seal: what is said to be in it is not. */
  | "proof"
  /** Seal: its object was written more than once. */
  | "rewritten"
  /** Entry: its content is not what was sealed. */
  | "edited"
  /** Entry: it was sealed, and is gone. */
  | "missing"
  /** Entry: later ones are sealed, and it never was; or it is not in the seal that it is said to be in. */
  | "unsealed"
  /** Entry: it is there more than once, or out of place. */
  | "order"
  /** The newest seal is too old: the end may have been cut, or the sealer stands still. */
  | "stale"
  /** There is no seal, or not the one that was known from before. */
  | "cut";

export interface Finding {
  kind: FindingKind;
  message: string;
  seal?: number;
  auditId?: string;
}

/** A seal that somebody remembers: whatever is shown must go on from it. */
export interface KnownSeal {
  sequence: number;
  hash: string;
}

export interface TrailReport {
  ok: boolean;
  findings: Finding[];
  /** What is no proof of anything, and yet should be looked at. */
  warnings: string[];
  seals: number;
  /** Entries that are what was sealed. */
  sealed: number;
  /** Entries that wait for their seal. */
  waiting: number;
  /** Entries from before the known seal, which were not looked at. */
  skipped: number;
  first?: { sequence: number; sealedAtMs: number };
  /** To be remembered: the next verification can start from it, and nothing before it can change unseen. */
  newest?: KnownSeal & { sealedAtMs: number };
}

export interface TrailOptions {
  /** Whose trail; undefined: everybody's, from seals that show every leaf. */
  tenantId: string | undefined;
  /** Public keys (base64 SubjectPublicKeyInfo) that may sign seals, by the sha256 of their DER. */
  keys: ReadonlyMap<string, string>;
  /** ECDSA P-256 with SHA-256; the signature is DER. */
  verifySignature: (publicKey: string, input: Uint8Array, signature: Uint8Array) => boolean;
  /** One that is remembered from before: the chain must have it as it was. */
  known?: KnownSeal;
  /** Whether a tenant's entries are shown at all; of one that is gone they are not. Absent: of each. */
  isShown?: (tenantId: string) => boolean;
  /** The chain is shown from `known` on, and not from its first seal: what is before is taken from memory. */
  fromKnown?: boolean;
  /** How old the newest seal may be, and how long an entry may wait for one. */
  maxAgeMs?: number;
}

const fiveMinutesMs = 300_000;
/** Seals that follow each other so quickly are of one run, which works off what had to wait. */
const oneRunMs = 30_000;
/** Every finding is counted; so many are told in words. */
const mostFindings = 1_000;

/**
 * Verifies a trail as it streams by: every seal, in order, then every entry, in any order. It trusts nobody but the keys:
 * who answers, and whoever can write to table and bucket, may have made all of it up.
 */
export function createTrailVerifier(options: TrailOptions): {
  seal(view: SealView): void;
  entry(entry: AuditEntry, seal?: number): void;
  finish(nowMs: number): TrailReport;
} {
  const { tenantId, known, fromKnown = false, maxAgeMs = fiveMinutesMs } = options;
  const findings: Finding[] = [];
  const warnings: string[] = [];
  const find = (finding: Finding) => void (findings.length < mostFindings && findings.push(finding));
  /** By id: what was sealed, where, and whether the entry has come by. */
  const sealed = new Map<string, { hash: string; seal: number; tenantId: string; seen: boolean; sinceMs?: number }>();
  let first: SealPayload | undefined;
  let last: SealPayload | undefined;
  let lastHash: string | undefined;
  let lastKeyId: string | undefined;
  let seals = 0;
  let right = 0;
  let skipped = 0;
  /** When the run before the one of the newest seal ended: what is older should have been sealed by then. */
  let sinceMs: number | undefined;
  const backdated: string[] = [];
  /**
   * Seals by a key that is not listed: somebody's forgery, or by one that was given up because it was stolen. Each seal has
   * the hash of the one before in what it signs, so a later one by a listed key tells the two apart.
   */
  const unvouched: { sequence: number; problem: string }[] = [];
  const unsealed: { auditId: string; atMs: number; seal?: number }[] = [];

  const follow = (payload: SealPayload, hash: string, said: number) => {
    const { sequence } = payload;
    const at = { seal: sequence };
    if (sequence !== said) find({ kind: "chain", ...at, message: `the seal ${said} says that it is ${sequence}` });
    if (sequence === known?.sequence && hash !== known.hash) {
      find({
        kind: "cut",
        ...at,
        message: `the seal ${sequence} is not the one that was known: the past was rewritten`,
      });
    }
    if (last === undefined) {
      const wanted = fromKnown ? (known?.sequence ?? 1) : 1;
      if (sequence !== wanted) find({ kind: "gap", ...at, message: `the oldest seal is ${sequence}, not ${wanted}` });
      if (sequence === 1 && payload.previous !== firstPrevious) {
        find({ kind: "chain", ...at, message: "the first seal says that there was one before it" });
      }
      return;
    }
    if (sequence > last.sequence + 1) {
      const missing = last.sequence + 2 === sequence ? `${sequence - 1}` : `${last.sequence + 1} to ${sequence - 1}`;
      find({ kind: "gap", ...at, message: `seals are missing: ${missing}` });
    } else if (sequence <= last.sequence) {
      find({ kind: "order", ...at, message: `the seal ${sequence} comes after the seal ${last.sequence}` });
    } else if (payload.previous !== lastHash) {
      find({
        kind: "chain",
        ...at,
        message: `the seal ${sequence} does not follow the seal ${last.sequence} that is here`,
      });
    }
    if (payload.sealedAtMs < last.sealedAtMs) {
      find({ kind: "chain", ...at, message: `the seal ${sequence} was made before the one that it follows` });
    }
  };

  const hold = (view: SealView, payload: SealPayload) => {
    const at = { seal: payload.sequence };
    const proven = checkProof(payload, view.proof, tenantId);
    if ("problem" in proven) {
      find({ kind: "proof", ...at, message: `the seal ${payload.sequence} ${proven.problem}` });
      return;
    }
    for (const { tenantId: owner, entries } of proven.leaves) {
      for (const [auditId, hash] of entries) {
        const before = sealed.get(auditId);
        if (before === undefined) {
          const since = sinceMs === undefined ? {} : { sinceMs };
          sealed.set(auditId, { hash, seal: payload.sequence, tenantId: owner, seen: false, ...since });
        } else if (before.hash === hash && before.tenantId === owner) {
          warnings.push(`${auditId} was sealed twice, the same both times (${before.seal} and ${payload.sequence})`);
        } else {
          const message = `${auditId} was sealed as one thing (${before.seal}) and then as another (${payload.sequence})`;
          find({ kind: "edited", ...at, auditId, message });
        }
      }
    }
  };

  return {
    seal(view) {
      seals++;
      const { sequence } = view;
      if (view.versions > 1) {
        const message = `the seal ${sequence} was written ${view.versions} times; what is checked here is the first`;
        find({ kind: "rewritten", seal: sequence, message });
      }
      const opened = openSeal(view.document, options);
      const read = "problem" in opened ? opened.unknownKey : opened;
      if (read === undefined) {
        if ("problem" in opened)
          find({ kind: "forged", seal: sequence, message: `the seal ${sequence} ${opened.problem}` });
        return;
      }
      const { payload, hash } = read;
      const { keyId } = view.document;
      const before = findings.length;
      follow(payload, hash, sequence);
      if ("problem" in opened) unvouched.push({ sequence, problem: opened.problem });
      else {
        // A key that was given up comes before the one that took its place, not in the midst of that one's.
        if (findings.length === before && unvouched.length > 0 && keyId !== lastKeyId) {
          warnings.push(
            `${unvouched.length} seals are by keys that count no more (${unvouched[0]?.sequence} to ${unvouched.at(-1)?.sequence}); ` +
              `the seal ${sequence}, by one that does, names them as they are: nothing changed since it was made`,
          );
          unvouched.length = 0;
        }
        lastKeyId = keyId;
      }
      if (last !== undefined && payload.sealedAtMs - last.sealedAtMs > oneRunMs) sinceMs = last.sealedAtMs;
      hold(view, payload);
      first ??= payload;
      last = payload;
      lastHash = hash;
    },

    entry(entry, seal) {
      const { auditId } = entry;
      const held = sealed.get(auditId);
      if (held === undefined) {
        // From before the seal that the caller knows, it says; nothing that is looked at here can tell, but that nothing was
        // sealed before it happened.
        const isBefore = fromKnown && known !== undefined && seal !== undefined && seal < known.sequence;
        if (isBefore && first !== undefined && entry.atMs <= first.sealedAtMs + fiveMinutesMs) skipped++;
        else unsealed.push({ auditId, atMs: entry.atMs, ...(seal === undefined ? {} : { seal }) });
        return;
      }
      if (held.seen) {
        find({ kind: "order", auditId, seal: held.seal, message: `${auditId} is there twice` });
        return;
      }
      held.seen = true;
      if (held.tenantId !== entry.tenantId || held.hash !== hashOfEntry(entry)) {
        const message = `${auditId} is not what was sealed (${held.seal}): it was edited, or another was put in its place`;
        find({ kind: "edited", auditId, seal: held.seal, message });
        return;
      }
      if (held.sinceMs !== undefined && entry.atMs < held.sinceMs - maxAgeMs) backdated.push(auditId);
      right++;
    },

    finish(nowMs) {
      for (const { sequence, problem } of unvouched)
        find({ kind: "forged", seal: sequence, message: `the seal ${sequence} ${problem}` });
      const gone = new Map<string, number>();
      for (const [auditId, { seen, seal, tenantId: owner }] of sealed) {
        if (seen) continue;
        if (options.isShown?.(owner) === false) gone.set(owner, (gone.get(owner) ?? 0) + 1);
        else find({ kind: "missing", auditId, seal, message: `${auditId} was sealed (${seal}) and is gone` });
      }
      for (const [owner, count] of gone)
        warnings.push(`${count} entries of ${owner} were not looked at: it is no tenant any more`);
      const seen = new Set<string>();
      let waiting = 0;
      let before = 0;
      for (const { auditId, atMs, seal } of unsealed) {
        if (seen.has(auditId)) find({ kind: "order", auditId, message: `${auditId} is there twice` });
        seen.add(auditId);
        if (seal !== undefined && last !== undefined && seal <= last.sequence) {
          const message = `${auditId} is said to be in the seal ${seal}, and is not: it was put in afterwards`;
          find({ kind: "unsealed", auditId, seal, message });
        } else if (first?.sequence === 1 && atMs < first.sealedAtMs - fiveMinutesMs) before++;
        else if (last !== undefined && atMs < last.sealedAtMs - maxAgeMs) {
          find({
            kind: "unsealed",
            auditId,
            message: `${auditId} of ${new Date(atMs).toISOString()} is in no seal although later ones are: it was put in afterwards`,
          });
        } else waiting++;
      }
      if (backdated.length > 0) {
        warnings.push(
          `${backdated.length} entries were sealed more than ${Math.round(maxAgeMs / 60_000)} minutes after they say to have happened, while others were sealed in time: ` +
            `the sealer was behind, or they were dated back (${backdated.slice(0, 3).join(", ")}${backdated.length > 3 ? ", …" : ""})`,
        );
      }
      if (before > 0) warnings.push(`${before} entries are older than the first seal: nothing vouches for them`);
      if (last === undefined) {
        find({ kind: "cut", message: "there is no seal" });
      } else {
        if (known !== undefined && last.sequence < known.sequence) {
          const message = `the newest seal is ${last.sequence}, and ${known.sequence} was known: the end was cut`;
          find({ kind: "cut", seal: last.sequence, message });
        }
        const ageMs = nowMs - last.sealedAtMs;
        if (ageMs > maxAgeMs) {
          const message = `the newest seal (${last.sequence}) is ${Math.round(ageMs / 60_000)} minutes old: the end was cut, or nothing is sealed any more`;
          find({ kind: "stale", seal: last.sequence, message });
        }
        if (ageMs < -maxAgeMs)
          warnings.push("the newest seal is from the future: this clock, or the sealer's, is wrong");
      }
      return {
        ok: findings.length === 0,
        findings,
        warnings,
        seals,
        sealed: right,
        waiting,
        skipped,
        ...(first === undefined ? {} : { first: { sequence: first.sequence, sealedAtMs: first.sealedAtMs } }),
        ...(last === undefined || lastHash === undefined
          ? {}
          : { newest: { sequence: last.sequence, hash: lastHash, sealedAtMs: last.sealedAtMs } }),
      };
    },
  };
}

/**
 * The payload of a seal by one of the keys, and its hash; or what is wrong. Verified before it is parsed; `unknownKey` is
 * what it says under a key that is not one of them.
 */
export function openSeal(
  { type, keyId, payload, signature }: SignedDocument,
  { keys, verifySignature }: Pick<TrailOptions, "keys" | "verifySignature">,
): Opened | { problem: string; unknownKey?: Opened } {
  if (type !== "steward-seal-v1") return { problem: `is a ${type}` };
  const publicKey = keys.get(keyId);
  const bytes = bytesOf(payload);
  if (publicKey === undefined) {
    const read = readPayload(bytes);
    const problem = `is signed by ${keyId.slice(0, 16)}…, which is no key for seals`;
    return "problem" in read ? { problem } : { problem, unknownKey: read };
  }
  if (!verifySignature(publicKey, signingInput(type, keyId, bytes), bytesOf(signature))) {
    return { problem: "has a signature that is not its key's" };
  }
  return readPayload(bytes);
}

interface Opened {
  payload: SealPayload;
  hash: string;
}

function readPayload(bytes: Uint8Array): Opened | { problem: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return { problem: "cannot be read" };
  }
  const checked = sealPayloadSchema.safeParse(parsed);
  if (!checked.success) return { problem: `has a shape that is not known: ${checked.error.issues[0]?.message}` };
  return { payload: checked.data, hash: sha256Hex(bytes) };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
