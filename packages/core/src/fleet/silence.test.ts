import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Hearing, judgeIngest, judgeSilence, leastNodes, mostPart, type Silence } from "./silence.ts";
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
    return { nodes: 10_000, rate: 10_000 / 60, missedRate: 0, quietSeconds: 0, ...over };
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
});
