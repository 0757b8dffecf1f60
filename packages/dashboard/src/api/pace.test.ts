import { describe, expect, it } from "vitest";
import { createPace } from "./pace.ts";

function clock() {
  let now = 0;
  const timers: { at: number; run: () => void }[] = [];
  return {
    nowMs: () => now,
    later: (run: () => void, ms: number) => void timers.push({ at: now + ms, run }),
    async pass(ms: number) {
      const until = now + ms;
      for (;;) {
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.splice(timers.indexOf(due), 1);
        now = due.at;
        due.run();
      }
      now = until;
    },
  };
}

describe("paced calls", () => {
  it("begin with a burst, and go on one a gap", async () => {
    const time = clock();
    const paced = createPace({ atOnce: 100, gapMs: 100, burst: 3, nowMs: time.nowMs, later: time.later });
    const started: number[] = [];
    for (let one = 0; one < 6; one += 1) void paced(async () => void started.push(time.nowMs()));
    await time.pass(1_000);
    expect(started).toEqual([0, 0, 0, 100, 200, 300]);
  });

  it("are never more at once than may be, and a failed one makes room too", async () => {
    const time = clock();
    const paced = createPace({ atOnce: 2, gapMs: 0, burst: 10, nowMs: time.nowMs, later: time.later });
    let running = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const calls = Array.from({ length: 5 }, (_, at) =>
      paced(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((end) => void ends.push(end));
        running -= 1;
        if (at === 0) throw new Error("refused");
      }).catch(() => undefined),
    );
    for (let turn = 0; turn < 10; turn += 1) {
      await time.pass(1);
      for (const end of ends.splice(0)) end();
    }
    await Promise.all(calls);
    expect(most).toBe(2);
  });

  it("that nobody waits for any more are not made", async () => {
    const time = clock();
    const paced = createPace({ atOnce: 1, gapMs: 100, burst: 1, nowMs: time.nowMs, later: time.later });
    const gone = new AbortController();
    let made = 0;
    void paced(async () => void (made += 1));
    const second = paced(async () => void (made += 1), { signal: gone.signal });
    gone.abort(new Error("gone"));
    const failure = second.catch((error: Error) => error.message);
    await time.pass(500);
    expect(await failure).toBe("gone");
    expect(made).toBe(1);
  });

  it("that are not urgent let the others go first", async () => {
    const time = clock();
    const paced = createPace({ atOnce: 1, gapMs: 10, burst: 1, nowMs: time.nowMs, later: time.later });
    const order: string[] = [];
    for (const name of ["first", "slow", "slower"])
      void paced(async () => void order.push(name), { last: name !== "first" });
    void paced(async () => void order.push("urgent"));
    await time.pass(200);
    expect(order).toEqual(["first", "urgent", "slow", "slower"]);
  });
});
