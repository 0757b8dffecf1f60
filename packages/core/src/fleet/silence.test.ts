import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Hearing, isOfSilence, judgeIngest, judgeSilence, leastNodes, mostPart, type Silence } from "./silence.ts";
import { standingOf } from "./standing.ts";

const minute = 60_000;
const count = fc.integer({ min: 0, max: 200 });
const counts = fc.record({ fresh: count, late: count, silent: count, offline: count });
const nowhere = { fresh: 0, late: 0, silent: 0, offline: 0 };

function judge(over: Partial<Parameters<typeof judgeSilence>[0]>) {
  return judgeSilence({ before: undefined, counts: nowhere, ingest: "works", holdMs: minute, nowMs: 0, ...over });
}

/** Sweeps a minute apart, from calm on. */
function sweeps(looks: readonly Parameters<typeof judge>[0][]) {
  let before: Silence | undefined;
  return looks.map((look, index) => {
    const verdict = judge({ before, nowMs: index * minute, ...look });
    before = verdict.silence;
    return verdict;
  });
}

describe("a fleet's silence", () => {
  it("is none where fewer than five, or no more than a tenth, have missed anything: each is told of", () => {
    fc.assert(
      fc.property(counts, (seen) => {
        const missed = seen.late + seen.silent;
        const of = missed + seen.fresh;
        const few = missed < leastNodes || missed <= mostPart * of;
        if (few) expect(judge({ counts: seen })).toEqual({ announce: "each", silence: undefined });
      }),
    );
  });

  it("is open at once where more than a tenth and at least five are silent, and nobody is told of each", () => {
    fc.assert(
      fc.property(counts, (seen) => {
        const of = seen.silent + seen.late + seen.fresh;
        if (seen.silent < leastNodes || seen.silent <= mostPart * of) return;
        expect(judge({ counts: seen })).toMatchObject({
          announce: "hold",
          silence: { phase: "open", cause: "fleet", nodes: seen.silent, of },
        });
      }),
    );
  });

  it("holds the first of many, and lets them go after an interval where no more come", () => {
    const first = { fresh: 60, late: 38, silent: 2, offline: 0 };
    const verdicts = sweeps([{ counts: first }, { counts: first }]);
    expect(verdicts.map(({ announce }) => announce)).toEqual(["hold", "each"]);
    expect(verdicts.map(({ silence }) => silence?.phase)).toEqual(["suspected", "suspected"]);
  });

  it("is told once: held for an interval, grouped, and over when most are back; who is still gone is told of then", () => {
    const verdicts = sweeps([
      { counts: { fresh: 60, late: 38, silent: 2, offline: 1 } },
      { counts: { fresh: 60, late: 0, silent: 40, offline: 1 } },
      { counts: { fresh: 60, late: 0, silent: 40, offline: 1 } },
      { counts: { fresh: 60, late: 0, silent: 0, offline: 41 } },
      { counts: { fresh: 97, late: 0, silent: 0, offline: 4 } },
      { counts: { fresh: 97, late: 0, silent: 0, offline: 4 } },
    ]);
    expect(verdicts.map(({ announce }) => announce)).toEqual(["hold", "hold", "grouped", "grouped", "each", "each"]);
    expect(verdicts.map(({ silence }) => silence?.phase)).toEqual([
      "suspected",
      "open",
      "open",
      "open",
      "ended",
      undefined,
    ]);
    expect(verdicts[4]?.silence).toMatchObject({ nodes: 40, of: 100, sinceMs: 0 });
  });

  it("opens once and ends once between two times of calm, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(counts, { maxLength: 30 }), (looks) => {
        const phases = sweeps(looks.map((seen) => ({ counts: seen }))).map(({ silence }) => silence?.phase);
        phases.forEach((phase, index) => {
          if (phase === "ended") expect(phases[index - 1]).toBe("open");
          if (phases[index - 1] === "open") expect(["open", "ended"]).toContain(phase);
        });
      }),
    );
  });

  it("ends by what was read only where all that was not read might be gone as well", () => {
    const of = (over: Partial<typeof nowhere>) => ({ counts: { ...nowhere, ...over } });
    // Six of fifty; then a shard with two of them cannot be read.
    const open = sweeps([of({ fresh: 44, silent: 6 }), of({ fresh: 44, offline: 6 })])[1]?.silence;
    expect(open).toMatchObject({ phase: "open", nodes: 6, of: 50 });
    const part = of({ fresh: 44, offline: 4 });
    expect(judge({ before: open, ...part, isWhole: true }).silence?.phase).toBe("ended");
    expect(judge({ before: open, ...part, isWhole: false, nowMs: 9 * minute })).toEqual({
      announce: "grouped",
      silence: open,
    });
    expect(judge({ before: open, isWhole: false }).silence).toEqual(open);
    // And all that are back end it, though one of fifty was not read.
    expect(judge({ before: open, ...of({ fresh: 49 }), isWhole: false }).silence?.phase).toBe("ended");
  });

  it("is of those that were last heard before it, or within an interval of it: who dies later is none of them", () => {
    const { silence } = judge({ counts: { ...nowhere, fresh: 80, silent: 20 }, nowMs: minute });
    expect([0, 2 * minute, 2 * minute + 1].map((atMs) => isOfSilence(silence, atMs))).toEqual([true, true, false]);
    expect(isOfSilence(silence && { ...silence, phase: "suspected" }, 0)).toBe(false);
  });

  it("never keeps a silent node back for longer than an interval while ingest works", () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 3, maxLength: 30 }), (looks) => {
        const all = sweeps(looks.map((seen) => ({ counts: { ...seen, silent: seen.silent + 1 } })));
        // Suspected, open, and the interval after that.
        const held = all.map(({ announce }) => (announce === "hold" ? "h" : ".")).join("");
        expect(held).not.toContain("hhhh");
      }),
    );
  });
});

describe("ingest", () => {
  const silent = { fresh: 0, late: 0, silent: 10_000, offline: 0 };

  it("is down: nothing is said of any node, and one tenant is told, once", () => {
    const verdicts = sweeps(Array.from({ length: 10 }, () => ({ counts: silent, ingest: "down, told here" as const })));
    expect(new Set(verdicts.map(({ announce }) => announce))).toEqual(new Set(["hold"]));
    expect(new Set(verdicts.map(({ silence }) => silence?.sinceMs))).toEqual(new Set([0]));
    expect(judge({ counts: silent, ingest: "down" })).toEqual({ announce: "hold", silence: undefined });
  });

  it("works again, and a silence from before then is nobody's fault for three intervals", () => {
    const presence = {
      sequence: 7,
      lastSeenAtMs: 0,
      intervalSeconds: 60,
      directive: { intervalSeconds: 60, configRevision: 0, pendingRuns: [] },
      announced: { level: "healthy" as const, epoch: 1 },
    };
    const heardAgainAtMs = 10 * minute;
    expect(standingOf(presence, 13 * minute, heardAgainAtMs)).toBe("fresh");
    expect(standingOf(presence, 13 * minute + 1, heardAgainAtMs)).toBe("silent");
    expect(standingOf(presence, 13 * minute)).toBe("silent");
  });

  const hearing = (over: Partial<Hearing>): Hearing => {
    return { nodes: 10_000, rate: 10_000 / 60, missedRate: 0, heard: 0, quietSeconds: 0, ...over };
  };

  it("is not down while anybody is heard, or while most are not overdue", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 29.9, noNaN: true }), count, (quietSeconds, missed) => {
        expect(judgeIngest({}, hearing({ quietSeconds, missedRate: missed }), 1)).toEqual({});
      }),
    );
    // Twenty that started together beat together.
    expect(judgeIngest({}, hearing({ nodes: 20, rate: 20 / 60, quietSeconds: 59 }), 1)).toEqual({});
  });

  it("is down when the first of its nodes are over their time, and works when most are in touch, not at the first beat", () => {
    // Half a minute to a minute after it fell silent: two thirds have missed a beat.
    const down = judgeIngest({}, hearing({ quietSeconds: 55, missedRate: 110 }), 55_000);
    expect(down).toEqual({ downSinceMs: 55_000 });
    expect(judgeIngest(down, hearing({ quietSeconds: 0, missedRate: 160 }), 60_000)).toBe(down);
    expect(judgeIngest(down, hearing({ quietSeconds: 0, missedRate: 20 }), 90_000)).toEqual({ heardAgainAtMs: 90_000 });
  });

  it("works where a tenth is in touch for two intervals, though one carrier's nodes, more than half, stay away", () => {
    const away = (heard: number) => hearing({ quietSeconds: 0, missedRate: 100, heard });
    const down = { downSinceMs: 1 };
    expect(judgeIngest(down, away(999), minute)).toBe(down);
    const enough = judgeIngest(down, away(4_000), minute);
    expect(enough).toEqual({ ...down, enoughSinceMs: minute });
    expect(judgeIngest(enough, away(4_000), 3 * minute - 1)).toBe(enough);
    expect(judgeIngest(enough, away(4_000), 3 * minute)).toEqual({ heardAgainAtMs: 3 * minute });
    // They were stragglers after all.
    expect(judgeIngest(enough, away(10), 2 * minute)).toEqual(down);
  });
});
