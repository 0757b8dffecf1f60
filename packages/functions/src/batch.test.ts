import { AppError } from "@steward/contracts/errors";
import { goOnFor, requestInHand } from "@steward/control/request-scope";
import type { SQSEvent } from "aws-lambda";
import { expect, it } from "vitest";
import { z } from "zod";
import { consume } from "./batch.ts";

const schema = z.object({ n: z.number() });

function eventOf(bodies: Record<string, string>): SQSEvent {
  return {
    Records: Object.entries(bodies).map(([messageId, body]) => ({ messageId, body, attributes: {} })),
  } as unknown as SQSEvent;
}

it("gives back what may succeed later, and only that", async () => {
  const logged: string[] = [];
  const answer = await consume(
    eventOf({ fine: '{"n":0}', busy: '{"n":1}', never: '{"n":2}', crash: '{"n":3}', odd: '{"n":"x"}', torn: "{" }),
    {
      schema,
      log: (_level, event, fields) => void logged.push(`${event} ${String(fields?.["messageId"])}`),
      work: async ({ n }) => {
        if (n === 1) throw new AppError("unavailable", "the table is busy");
        if (n === 2) throw new AppError("invalid_transition", "it has ended");
        if (n === 3) throw new TypeError("a mistake of ours");
      },
    },
  );
  expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()).toEqual(["busy", "crash"]);
  expect(logged.sort()).toEqual([
    "message_dropped never",
    "message_dropped odd",
    "message_dropped torn",
    "message_failed busy",
    "message_failed crash",
  ]);
});

it("what is said of a message that failed is part of the request that its work had come to, and of no other", async () => {
  const lines: Record<string, string | undefined> = {};
  await consume(eventOf({ a: '{"n":1}', b: '{"n":2}', c: '{"n":3}' }), {
    schema,
    log: (_level, _event, fields) => void (lines[String(fields?.["messageId"])] = requestInHand()),
    work: async ({ n }) => {
      await Promise.resolve();
      if (n < 3) goOnFor(`request ${n}`);
      await Promise.resolve();
      throw new AppError("unavailable", "the table is busy");
    },
  });
  expect(lines).toEqual({ a: "request 1", b: "request 2", c: undefined });
  expect(Object.keys(lines)).toHaveLength(3);
  expect(requestInHand()).toBeUndefined();
});
