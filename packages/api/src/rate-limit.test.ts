import { routes } from "@steward/contracts/routes";
import { expect, test } from "vitest";
import type { HttpEvent } from "./lambda-event.ts";
import { rateHeaders, sourceOf, takeTokens } from "./rate-limit.ts";

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"],
  ["2001:DB8:1:2:ffff::1", "2001:db8:1:2::"],
  ["2001:db8::1", "2001:db8:0:0::"],
  ["::1", "0:0:0:0::"],
  ["", "unknown"],
])("what comes from %s counts for %s", (address, source) => {
  expect(sourceOf(address)).toBe(source);
});

test("the older headers tell of the bucket that ends first", () => {
  const headers = rateHeaders([
    { name: "principal", rate: { perSecond: 10, burst: 50 }, remaining: 40, resetSeconds: 1 },
    { name: "tenant", rate: { perSecond: 50, burst: 200 }, remaining: 2, resetSeconds: 4 },
  ]);
  expect(headers).toMatchObject({ "ratelimit-limit": "200", "ratelimit-remaining": "2", "ratelimit-reset": "4" });
});

test("an answer that counted for nobody says nothing", () => {
  expect(rateHeaders([])).toEqual({});
});

test("whoever asks or proves something without being signed in counts by address; a probe does not", async () => {
  const counted: string[] = [];
  for (const route of Object.values(routes).filter(({ door, access }) => door === "api" && "open" in access)) {
    const charge = async (owners: readonly unknown[]) => {
      expect(owners).toEqual([{ kind: "source", id: "192.0.2.7" }]);
      counted.push(route.id);
      return { kind: "allowed" as const, left: [] };
    };
    const event = { requestContext: { http: { sourceIp: "192.0.2.7" } } } as HttpEvent;
    await takeTokens({ charge } as never, { route, caller: undefined, event }, () => {});
  }
  expect(counted.toSorted()).toEqual(["createSession", "enrol", "loginOptions", "refreshSession", "renewExpired"]);
});
