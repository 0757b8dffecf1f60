import fc from "fast-check";
import { expect, it } from "vitest";
import { readMessage } from "./read-message.ts";

const message = {
  v: 1,
  tenantId: "ten_01hz0000000000000000000000",
  jobId: "job_01hz0000000000000000000000",
  secret: "s",
} as const;

it("reads a message, leaves a newer one to a newer worker, and knows what nobody will ever read", () => {
  expect(readMessage(JSON.stringify(message))).toEqual({ kind: "message", message });
  expect(readMessage(JSON.stringify({ ...message, v: 2, hint: "new" }))).toEqual({ kind: "newer" });
  for (const body of [undefined, "", "not json", "null", "[]", "2", JSON.stringify({ ...message, secret: 1 })]) {
    expect(readMessage(body)).toEqual({ kind: "poison" });
  }
});

it("never throws", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (body) => readMessage(body).kind !== "message"));
});
