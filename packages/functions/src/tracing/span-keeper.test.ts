import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import { describe, expect, it } from "vitest";
import { createSpanKeeper } from "./span-keeper.ts";

type Done = Parameters<SpanExporter["export"]>[1];

function keeping(answer: (done: Done) => void) {
  let nowMs = 0;
  const given: number[] = [];
  const lost: { spans: number; reason: string }[] = [];
  const keeper = createSpanKeeper({
    exporter: {
      export: (spans, done) => {
        given.push(spans.length);
        answer(done);
      },
    },
    nowMs: () => nowMs,
    onLost: (why) => void lost.push(why),
    waitMs: 20,
    quietMs: 60_000,
  });
  const end = (count = 1, traceFlags = 1) => {
    for (let at = 0; at < count; at += 1) {
      keeper.onEnd({ spanContext: () => ({ traceFlags }) } as unknown as ReadableSpan);
    }
  };
  return { keeper, end, given, lost, passTime: (ms: number) => (nowMs += ms) };
}

describe("what an invocation has to tell is given away at its end", () => {
  it("all of it at once; nothing where there is nothing, or where nobody wanted it sampled", async () => {
    const { keeper, end, given, lost } = keeping((done) => done({ code: 0 }));
    await keeper.flush();
    end(3);
    end(2, 0);
    await keeper.flush();
    await keeper.flush();
    expect([given, lost]).toEqual([[3], []]);
  });

  it("at most a thousand", async () => {
    const { keeper, end, given } = keeping((done) => done({ code: 0 }));
    end(5_000);
    await keeper.flush();
    expect(given).toEqual([1_000]);
  });
});

describe.each<[string, (done: Done) => void, string]>([
  ["refuses", (done) => done({ code: 1, error: new Error("503") }), "503"],
  ["never answers", () => undefined, "no answer within 20 ms"],
  [
    "throws",
    () => {
      throw new Error("no address");
    },
    "no address",
  ],
])("a collector that %s", (_what, answer, reason) => {
  it("costs one invocation its wait, is then left alone for a while, and is tried again", async () => {
    const { keeper, end, given, lost, passTime } = keeping(answer);
    end();
    await keeper.flush();
    expect(lost).toEqual([{ spans: 1, reason, quietSeconds: 60 }]);
    for (let at = 0; at < 10; at += 1) {
      end();
      await keeper.flush();
    }
    expect([given.length, lost.length]).toEqual([1, 1]);
    passTime(60_000);
    end();
    await keeper.flush();
    expect([given.length, lost.length]).toEqual([2, 2]);
  });

  it("is told of once by several invocations that find out at one time", async () => {
    const { keeper, end, lost } = keeping(answer);
    const all = Array.from({ length: 3 }, () => {
      end();
      return keeper.flush();
    });
    await Promise.all(all);
    expect(lost).toHaveLength(1);
  });
});
