import fc from "fast-check";
import { expect, test } from "vitest";
import { requestIdSchema, traceIdSchema } from "./request-id.ts";
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent, traceparentOf } from "./trace-context.ts";

const hex = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: digits, maxLength: digits })
    .filter((text) => /[^0]/.test(text));
const contexts = fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() });

test("what is written is read back, and is what the standard's own example looks like", () => {
  fc.assert(
    fc.property(contexts, (context) => {
      expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
    }),
  );
  expect(parseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")).toEqual({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    sampled: true,
  });
});

test("of the flags only the one for sampling means anything", () => {
  const flags = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(contexts, flags, ({ traceId, spanId }, bits) => {
      const header = `00-${traceId}-${spanId}-${bits.toString(16).padStart(2, "0")}`;
      expect(parseTraceparent(header)).toEqual({ traceId, spanId, sampled: bits % 2 === 1 });
    }),
  );
});

test("whatever else is in the header is as if it were absent", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const spanId = "00f067aa0ba902b7";
  const good = `00-${traceId}-${spanId}-01`;
  const hostile = [
    undefined,
    "",
    good.toUpperCase(),
    `${good}-more`,
    `${good}\n`,
    `\u0000${good}`,
    ` ${good}`,
    `${good},${good}`,
    good.replace("00-", "01-"),
    good.replace("00-", "ff-"),
    good.slice(0, -1),
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.replace("4", "g")}-${spanId}-01`,
    // A digit of another script.
    `00-${traceId.replace("4", "４")}-${spanId}-01`,
    "a".repeat(100_000),
  ];
  for (const header of hostile) expect(parseTraceparent(header)).toBeUndefined();
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
      expect(parseTraceparent(text)).toBeUndefined();
    }),
  );
});

test("one character changed is another header, or none: never an error, never a longer id", () => {
  fc.assert(
    fc.property(
      contexts,
      fc.nat(54),
      fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }),
      (context, at, put) => {
        const header = formatTraceparent(context);
        const parsed = parseTraceparent(header.slice(0, at) + put + header.slice(at + 1));
        if (parsed === undefined) return;
        expect(traceIdSchema.safeParse(parsed.traceId).success).toBe(true);
        expect(parsed.spanId).toMatch(/^[0-9a-f]{16}$/);
      },
    ),
  );
});

test("new ids are ids, and each is another", () => {
  const ids = Array.from({ length: 100 }, newTraceId);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) {
    expect(traceIdSchema.parse(id)).toBe(id);
    expect(parseTraceparent(traceparentOf(id))).toMatchObject({ traceId: id, sampled: false });
  }
  expect(newSpanId()).toMatch(/^[0-9a-f]{16}$/);
});

test("the ids that API Gateway gives are ids of requests, and go into no header", () => {
  for (const id of ["JKJaXmPLvHcESHA=", "Eg5h-gOwDoEEMcA=", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"]) {
    expect(requestIdSchema.parse(id)).toBe(id);
    expect(traceparentOf(id)).toBeUndefined();
  }
  for (const id of ["", "two words", "a\nb", "a".repeat(65), "../x"]) {
    expect(requestIdSchema.safeParse(id).success).toBe(false);
  }
});
