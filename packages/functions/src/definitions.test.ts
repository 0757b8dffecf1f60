import { existsSync } from "node:fs";
import { queueDefinitions } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import { routes } from "@steward/contracts/routes";
import { expect, it } from "vitest";
import { entryUrl, type FunctionDefinition, functionDefinitions, functionNames } from "./definitions.ts";
import { parseEnvironment } from "./env.ts";

const definitions: Record<string, FunctionDefinition> = functionDefinitions;

it("has code and rights for every function, and a function for every route", () => {
  const granted = Object.keys(permissions("test", "111122223333"));
  for (const name of functionNames) {
    expect(existsSync(entryUrl(name)), name).toBe(true);
    expect(granted).toContain(definitions[name]?.principal);
  }
  const serving = Object.values(definitions).map(({ trigger }) => (trigger.kind === "http" ? trigger.servedBy : ""));
  for (const route of Object.values(routes)) expect(serving).toContain(route.servedBy);
});

it("hides a message for longer than its function may run, and ends before the HTTP API does", () => {
  for (const [name, { trigger, timeoutSeconds }] of Object.entries(definitions)) {
    if (trigger.kind === "queue") {
      expect(queueDefinitions[trigger.queue].visibilityTimeoutSeconds, name).toBeGreaterThan(timeoutSeconds);
    }
    if (trigger.kind === "http") expect(timeoutSeconds, name).toBeLessThan(30);
  }
});

it("names every problem of an environment at once", () => {
  expect(() => parseEnvironment({ STEWARD_STAGE: "Not A Stage", STEWARD_NODES_URL: "x" })).toThrow(
    /STEWARD_STAGE[\s\S]*STEWARD_API_DOMAINS[\s\S]*STEWARD_NODES_URL/,
  );
});

it("every function behind the api door may count its callers' calls: where it may not, nothing bounds them", () => {
  const apiDoor = new Set<string>(
    Object.values(routes).flatMap((route) => (route.door === "api" ? [route.servedBy] : [])),
  );
  for (const { principal, trigger } of Object.values(functionDefinitions) as FunctionDefinition[]) {
    if (trigger.kind !== "http" || !apiDoor.has(trigger.servedBy)) continue;
    const mayCount = permissions("test", "000000000000")[principal].some(
      ({ actions, keys }) =>
        actions.includes("dynamodb:UpdateItem") && (keys === undefined || keys.includes("SYS#RATE#*")),
    );
    expect([principal, mayCount]).toEqual([principal, true]);
  }
});

/** Whether one grant alone lets the principal do all of these to that key of the table. */
function may(principal: FunctionDefinition["principal"], actions: readonly string[], key: string): boolean {
  const like = (pattern: string) =>
    new RegExp(
      `^${pattern
        .split("*")
        .map((part) => RegExp.escape(part))
        .join(".*")}$`,
    ).test(key);
  return actions.every((action) =>
    permissions("test", "000000000000")[principal].some(
      (grant) => grant.actions.includes(`dynamodb:${action}`) && (grant.keys === undefined || grant.keys.some(like)),
    ),
  );
}

it("every function with a route that may be sent twice may note, answer and forget it", () => {
  const repeatable = new Set<string>(
    Object.values(routes).flatMap((route) => ("idempotent" in route && route.idempotent ? [route.servedBy] : [])),
  );
  expect(repeatable).toContain("secrets");
  for (const { principal, trigger } of Object.values(definitions)) {
    if (trigger.kind !== "http" || !repeatable.has(trigger.servedBy)) continue;
    const wanted = ["PutItem", "UpdateItem", "DeleteItem"];
    expect([principal, may(principal, wanted, "T#tnt_1#IDEMPOTENCY#abc")]).toEqual([principal, true]);
  }
});

it("nothing that is called from outside deletes a record or an entry of the trail", () => {
  for (const { principal, trigger } of Object.values(definitions)) {
    if (trigger.kind !== "http") continue;
    for (const key of ["T#tnt_1#AUDIT", "T#tnt_1#TASK", "T#tnt_1#TENANT", "SYS#PERSON#per_1", "SYS#SEAL"]) {
      expect([principal, key, may(principal, ["DeleteItem"], key)]).toEqual([principal, key, false]);
    }
  }
});

it("whoever may settle a job may start what it leads to", () => {
  // A plan that needs no approval goes on at once; the reconciler would find it only when it is due.
  const settles = ["api", "nodes", "approve", "escalate", "reconcile"] as const;
  for (const principal of settles) {
    const sends = permissions("test", "000000000000")[principal].some(
      ({ actions, resources }) => actions.includes("sqs:SendMessage") && resources.includes("steward-test-rollouts"),
    );
    expect([principal, sends]).toEqual([principal, true]);
  }
});

it("who may change what decides about others: tenants, freezes, machines, people", () => {
  const changers = (key: string) =>
    [...new Set(Object.values(definitions).map(({ principal }) => principal))]
      .filter((principal) => may(principal, ["UpdateItem"], key))
      .toSorted();
  expect(changers("T#tnt_1#TENANT")).toEqual(["people", "purge"]);
  expect(changers("T#tnt_1#FREEZE")).toEqual(["api", "purge"]);
  expect(changers("SYS#FREEZE")).toEqual(["api", "purge"]);
  // Whoever asks for changes cannot loosen what they are held to.
  expect(changers("T#tnt_1#POLICY")).toEqual(["people", "purge"]);
  expect(changers("T#tnt_1#WINDOW")).toEqual(["people", "purge"]);
  expect(changers("SYS#PERSON#per_1")).toEqual(["people", "purge", "sessions"]);
  expect(changers("T#tnt_1#NODE")).toEqual(["alerts", "api", "enrol", "instances", "purge", "reconcile"]);
});
