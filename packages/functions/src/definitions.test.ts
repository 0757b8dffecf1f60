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
