import type { KeyRing } from "@steward/contracts/key-ring";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keyTimes } from "./key-times.ts";
import { nextKeyStep } from "./next-key-step.ts";
import { currentOf, firstRing, reduceKeyRing } from "./reduce-key-ring.ts";

const minute = 60_000;
const day = 1440 * minute;
/** Facts of the world, told apart from the code's own sums: for how long who checks may look at old news. */
const holdMs: Record<SigningKeyUse, number> = {
  token: minute,
  dispatch: 11 * minute,
  approval: 11 * minute,
  release: 11 * minute,
  issuer: minute,
  seal: 11 * minute,
  notify: minute,
};
/** For how long what is signed may be shown. */
const lifeMs: Record<SigningKeyUse, number> = {
  token: 60 * minute,
  dispatch: day,
  approval: day,
  release: 0,
  issuer: 120 * day,
  seal: 0,
  notify: 10 * minute,
};
/** For how long a signer goes on with a key that the alias does not name any more. */
const memoryMs = 5 * minute;

class Killed extends Error {}

interface Span {
  keyId: string;
  fromMs: number;
  toMs: number | undefined;
}

/** A stage: what is stored, who signs, what is published, each with its history. Killed after so many writes. */
class Stage {
  readonly use: SigningKeyUse;
  nowMs = 0;
  ring: KeyRing;
  signing: Span[];
  published: Span[];
  givenUp = new Map<string, number>();
  compromised = new Set<string>();
  issuedBy: string;
  door: string;
  writesLeft = Number.POSITIVE_INFINITY;
  made = 0;

  constructor(use: SigningKeyUse) {
    this.use = use;
    const key = this.makeKey();
    this.ring = firstRing(key, 0);
    this.issuedBy = key.keyId;
    this.signing = [{ keyId: key.keyId, fromMs: Number.NEGATIVE_INFINITY, toMs: undefined }];
    this.published = [{ keyId: key.keyId, fromMs: Number.NEGATIVE_INFINITY, toMs: undefined }];
    this.door = this.publishedNow().join();
  }

  makeKey() {
    this.made += 1;
    return { keyId: String(this.made).padStart(64, "0"), publicKey: "AAAA", kmsKeyId: String(this.made) };
  }

  publishedNow = () => this.published.filter(({ toMs }) => toMs === undefined).map(({ keyId }) => keyId);
  signingNow = () => this.signing.at(-1)?.keyId ?? "";

  write(change: () => void) {
    if (this.writesLeft <= 0) throw new Killed();
    this.writesLeft -= 1;
    change();
    // Writes take time, and so does whoever makes them.
    this.nowMs += 1000;
  }

  publish(keys: string[]) {
    for (const span of this.published)
      if (span.toMs === undefined && !keys.includes(span.keyId)) span.toMs = this.nowMs;
    const known = this.publishedNow();
    for (const keyId of keys)
      if (!known.includes(keyId)) this.published.push({ keyId, fromMs: this.nowMs, toMs: undefined });
  }

  /** What the shell does, with a kill at any write. */
  run({ begin, writes, compromise }: { begin: boolean; writes: number; compromise: boolean }) {
    this.writesLeft = writes;
    let wanted = begin && this.ring.keys.filter(({ retiredAtMs }) => retiredAtMs === undefined).length === 1;
    const note = (event: Parameters<typeof reduceKeyRing>[2]) => {
      const after = reduceKeyRing(this.use, this.ring, event, this.nowMs);
      if (after !== this.ring) this.write(() => void (this.ring = after));
    };
    try {
      // The alias was moved, and whoever did it was killed before noting it.
      if (this.signingNow() !== currentOf(this.ring).keyId) note({ type: "promote", keyId: this.signingNow() });
      if (compromise) {
        // A key that is to sign next is nobody's loot yet.
        for (const { keyId, state, retiredAtMs } of this.ring.keys)
          if (state !== "next" && retiredAtMs === undefined) this.compromised.add(keyId);
        note({ type: "compromise", reason: "stolen" });
      }
      for (let steps = 0; ; steps += 1) {
        expect(steps).toBeLessThan(30);
        const step = nextKeyStep(
          {
            use: this.use,
            ring: this.ring,
            published: this.publishedNow(),
            doorKnows: this.use === "issuer" ? this.door === this.publishedNow().join() : undefined,
            issuedBy: this.use === "release" ? this.issuedBy : undefined,
          },
          { nowMs: this.nowMs, begin: wanted },
        );
        switch (step.do) {
          case "prepare":
            wanted = false;
            note({ type: "prepare", key: this.makeKey() });
            break;
          case "publish":
            this.write(() => this.publish(step.keys.map(({ keyId }) => keyId)));
            note({ type: "announce" });
            break;
          case "promote":
            this.write(() => {
              const last = this.signing.at(-1);
              if (last !== undefined) last.toMs = this.nowMs;
              this.signing.push({ keyId: step.key.keyId, fromMs: this.nowMs, toMs: undefined });
            });
            note({ type: "promote", keyId: step.key.keyId });
            break;
          case "reissue":
            this.write(() => void (this.issuedBy = this.signingNow()));
            note({ type: "reissue" });
            break;
          case "retire":
            this.write(() => this.givenUp.set(step.key.keyId, this.nowMs));
            this.write(() => this.publish(step.keys.map(({ keyId }) => keyId)));
            note({ type: "retire", keyId: step.key.keyId });
            break;
          case "wait":
          case "rest":
            return step;
          default:
            step satisfies never;
        }
        this.check();
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      return undefined;
    } finally {
      this.check();
    }
  }

  /** Nobody ever signs what is not accepted, and nothing that was accepted is withdrawn too early. */
  check() {
    const publishedAllThrough = (keyId: string, fromMs: number, toMs: number) =>
      this.published.some((span) => span.keyId === keyId && span.fromMs <= fromMs && (span.toMs ?? Infinity) >= toMs);
    for (const { keyId, fromMs, toMs } of this.signing) {
      // What was signed by a stolen key may be refused, but who signs now is always known.
      const hurried = [...this.compromised].some((stolen) => stolen !== keyId);
      const isStolen = this.compromised.has(keyId);
      const knownFromMs = hurried ? fromMs : fromMs - holdMs[this.use];
      const shownToMs = toMs === undefined ? this.nowMs : isStolen ? toMs : toMs + memoryMs + lifeMs[this.use];
      expect(publishedAllThrough(keyId, knownFromMs, Math.min(this.nowMs, shownToMs))).toBe(true);
      const gone = this.givenUp.get(keyId);
      // Withdrawn before it is given up, somebody might still sign with it.
      if (toMs !== undefined && !this.publishedNow().includes(keyId)) expect(gone).toBeDefined();
      if (gone !== undefined) expect(gone).toBeGreaterThanOrEqual(shownToMs);
    }
    if (this.use === "release") expect(this.publishedNow()).toContain(this.issuedBy);
    if (this.use === "seal") {
      const honest = this.signing.filter(({ keyId }) => !this.compromised.has(keyId));
      for (const { keyId } of honest) expect(this.publishedNow()).toContain(keyId);
    }
  }
}

const use = fc.constantFrom(...signingKeyUses);
const run = fc.record({
  afterMs: fc.oneof(fc.nat(20 * minute), fc.nat(2 * day), fc.nat(130 * day)),
  begin: fc.boolean(),
  compromise: fc.boolean(),
  doorReloads: fc.boolean(),
  writes: fc.oneof(fc.nat(6), fc.constant(1000)),
});

function play(
  stage: Stage,
  turn: { afterMs: number; begin: boolean; compromise: boolean; doorReloads: boolean; writes: number },
) {
  stage.nowMs += turn.afterMs;
  if (turn.doorReloads) stage.door = stage.publishedNow().join();
  stage.check();
  stage.run(turn);
}

test("whatever kills a rotation and however late it goes on, what signs is known, and what was signed is accepted", () => {
  fc.assert(
    fc.property(use, fc.array(run, { maxLength: 25 }), (name, turns) => {
      const stage = new Stage(name);
      for (const turn of turns) play(stage, { ...turn, compromise: false });
    }),
    { numRuns: 400 },
  );
});

test("also in a hurry somebody who is known signs at every moment", () => {
  fc.assert(
    fc.property(use, fc.array(run, { maxLength: 15 }), (name, turns) => {
      const stage = new Stage(name);
      for (const turn of turns) play(stage, turn);
    }),
    { numRuns: 400 },
  );
});

test("a rotation that goes on comes to rest with one new key", () => {
  fc.assert(
    fc.property(use, fc.array(run, { maxLength: 10 }), (name, turns) => {
      const stage = new Stage(name);
      for (const turn of turns) play(stage, turn);
      const settle = { afterMs: 0, compromise: false, doorReloads: true, writes: 1000 };
      play(stage, { ...settle, begin: true });
      for (let turn = 0; turn < 8; turn += 1) play(stage, { ...settle, begin: false, afterMs: 125 * day });
      const live = stage.ring.keys.filter(({ retiredAtMs }) => retiredAtMs === undefined);
      expect(live.map(({ state }) => state)).toEqual(["current"]);
      expect(live[0]?.keyId).toBe(stage.signingNow());
      expect(stage.made).toBeGreaterThan(1);
    }),
  );
});

test("compromised keys are out as soon as another signs", () => {
  fc.assert(
    fc.property(use, fc.array(run, { maxLength: 10 }), (name, turns) => {
      const stage = new Stage(name);
      for (const turn of turns) play(stage, { ...turn, compromise: false });
      stage.run({ begin: false, writes: 1000, compromise: true });
      stage.door = stage.publishedNow().join();
      stage.run({ begin: false, writes: 1000, compromise: false });
      stage.door = stage.publishedNow().join();
      const left = stage.ring.keys.filter(({ keyId }) => stage.compromised.has(keyId));
      expect(left).toEqual([]);
      for (const keyId of stage.compromised) expect(stage.publishedNow()).not.toContain(keyId);
    }),
  );
});

test("waits say how long, and begin no second rotation", () => {
  const stage = new Stage("dispatch");
  const { knownAfterMs, overlapMs } = keyTimes("dispatch");
  const all = { begin: true, writes: 1000, compromise: false };
  expect(stage.run(all)).toMatchObject({ do: "wait", for: "everybody knows" });
  expect(stage.run(all)).toMatchObject({ do: "wait", for: "everybody knows" });
  stage.nowMs += knownAfterMs;
  expect(stage.run(all)).toMatchObject({ do: "wait", for: "nothing is shown any more" });
  expect(stage.made).toBe(2);
  stage.nowMs += overlapMs - 10_000;
  expect(stage.run(all)).toMatchObject({ do: "wait" });
  stage.nowMs += 10_000;
  expect(stage.run({ ...all, begin: false })).toEqual({ do: "rest" });
  expect(currentOf(stage.ring).keyId).toBe(stage.signingNow());
  expect(stage.run(all)).toMatchObject({ do: "wait", for: "everybody knows" });
  expect(stage.made).toBe(3);
});
