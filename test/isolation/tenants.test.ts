import { readFileSync } from "node:fs";
import { join } from "node:path";
import { routes } from "@steward/contracts/routes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "./support/callers.ts";
import { type Ask, type Operation, textsIn, withTexts } from "./support/operations.ts";
import { comparable, mayCall, pairsOf, saidBy } from "./support/pairs.ts";
import { changes, ofTenant, snapshot } from "./support/traces.ts";
import {
  changesNothing,
  endsTheCaller,
  endTwoTenants,
  startTwoTenants,
  type TwoTenants,
  whoMay,
  withKey,
} from "./support/two-tenants.ts";

/*
 * Two tenants that have the same things, each with its own word in every value; and everybody who may call, on every route
 * that `/openapi.json` tells of, with their own, the other tenant's and absent names in every place that takes one. Nothing
 * here is listed by hand: a new route is in it from its first day, and fails it where it cannot be filled.
 */

const [own, other] = ["zqalpha", "zqbravo"] as const;
/** A minute on two cores of one's own; a machine that others use as well takes a multiple. */
const patienceMs = 600_000;
let world: TwoTenants;

beforeAll(async () => {
  world = await startTwoTenants([own, other]);
}, patienceMs);
afterAll(() => endTwoTenants(world));

/** One line for each caller and route, so that one mistake does not fill the screen. */
function inShort(wrong: readonly string[]): string[] {
  const byRoute = new Map(wrong.toReversed().map((line) => [line.split(/[,{]/, 1)[0], line.slice(0, 600)]));
  return [...byRoute.values()].toReversed().slice(0, 40);
}

/** Runs `work` for all, a few at a time. */
async function forAll<T>(list: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = list[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (const one of left) await work(one);
    }),
  );
}

describe("the routes", () => {
  it("in the table and in the document are the same, each with a door and an access rule", () => {
    const { operations } = world;
    const declared = Object.values(routes).map(({ id, method, path, door, access }) => ({
      id,
      method,
      path,
      door,
      access,
    }));
    const told = operations.map(({ id, method, path, door, access }) => ({ id, method, path, door, access }));
    const byId = (x: { id: string }, y: { id: string }) => (x.id < y.id ? -1 : 1);
    expect(told.toSorted(byId)).toEqual(JSON.parse(JSON.stringify(declared)).toSorted(byId));
  });

  it("make up a suite: both tenants have things, B is tainted, and lists have cursors", () => {
    const { a, b, cursors, operations, taint } = world;
    expect(taint.size).toBeGreaterThan(50);
    for (const twin of [a, b]) {
      for (const prefix of ["apl", "tsk", "run", "job", "frz", "per"]) {
        expect([twin.things.word, prefix, (twin.things.ids.get(prefix) ?? []).length > 0]).toEqual([
          twin.things.word,
          prefix,
          true,
        ]);
      }
    }
    // A list that is too short for one is tried with another's.
    const lists = operations.filter(({ query }) => query["cursor"] !== undefined);
    expect(cursors.size).toBeGreaterThan(lists.length / 2);
  });
});

describe("whoever may not", () => {
  it("is told so, alike for what is their own, another's and nowhere; nothing is written", {
    timeout: patienceMs,
  }, async () => {
    const { a, accepted, b, callers, cursors, installation, operations, settled, taint } = world;
    const wrong: string[] = [];
    for (const operation of operations) {
      const asks = accepted.get(operation.id) ?? [];
      const refused = callers.filter((caller) => mayCall(operation, caller) !== "yes");
      const cases = refused.flatMap((caller) => {
        const pairs = pairsOf(operation, asks, { own: a.things, from: b.things, cursors });
        const all: [string, Ask][] = [
          ...asks.map((ask, at): [string, Ask] => [`own ${at}`, ask]),
          ...pairs.flatMap(({ what, foreign, absent }): [string, Ask][] => [
            [`foreign ${what}`, foreign],
            [`absent ${what}`, absent],
          ]),
        ];
        // At the other door there is nothing, whatever stands in the request.
        const tried = mayCall(operation, caller) === 404 ? all.slice(0, 1) : all;
        return tried.map(([what, ask]) => ({ caller, what, ask, status: mayCall(operation, caller) }));
      });
      const answers = new Map<Caller, Set<string>>();
      await forAll(cases, async ({ caller, what, ask, status }) => {
        const answer = await caller.send(ask);
        world.calls += 1;
        const name = `${caller.name}: ${operation.id}, ${what}`;
        // Whose tenant the header names is asked before the role in it.
        const forPeople = caller.kind === "token" && "peopleOnly" in operation.access;
        const foreignTenant =
          what.endsWith("Steward-Tenant") && caller.role !== undefined && caller.kind !== "staff" && !forPeople;
        if (answer.status !== (foreignTenant ? 404 : status))
          wrong.push(`${name}: ${answer.status} and not ${status}: ${answer.text}`);
        if (foreignTenant || caller.kind === "staff") return;
        const like = comparable(
          answer,
          saidBy(ask).filter((one) => one.length > 12),
        );
        answers.set(caller, (answers.get(caller) ?? new Set()).add(like));
        const leaked = taint.in(answer.text, saidBy(ask));
        if (leaked.length > 0) wrong.push(`${name}: tells ${leaked.join(", ")} in ${answer.text}`);
      });
      for (const [caller, alike] of answers) {
        if (alike.size > 1)
          wrong.push(`${caller.name}: ${operation.id} is refused in ${alike.size} ways: ${[...alike].join(" | ")}`);
      }
    }
    expect(inShort(wrong)).toEqual([]);
    expect(changes(settled, await snapshot(installation.table))).toEqual([]);
  });
});

describe("whoever may, with another tenant's", () => {
  it("gets what they would get for what is nowhere: no difference, no byte, no write", {
    timeout: patienceMs,
  }, async () => {
    const { a, accepted, b, callers, cursors, installation, operations, taint } = world;
    const wrong: string[] = [];
    let before = await snapshot(installation.table);
    for (const operation of operations) {
      const asks = accepted.get(operation.id) ?? [];
      // Not the header and the cursor again, which a machine does not have.
      const ofSibling =
        operation.door === "nodes" ? pairsOf(operation, asks, { own: a.things, from: a.siblings, cursors }) : [];
      const able = callers.filter(
        // What the provider's staff may do everywhere is no other tenant's to them.
        (caller) => mayCall(operation, caller) === "yes" && (caller.kind !== "staff" || "role" in operation.access),
      );
      const cases = able.flatMap((caller) =>
        [
          ...pairsOf(operation, asks, { own: a.things, from: b.things, cursors }),
          ...(caller.kind === "appliance" ? ofSibling : []),
        ]
          // They may give rights in every tenant.
          .filter(({ said }) => caller.kind !== "staff" || said.foreign.every((one) => !one.startsWith("ten_")))
          .map((pair) => ({ caller, ...pair })),
      );
      await forAll(cases, async ({ caller, what, foreign, absent, said }) => {
        const [theirs, nowhere] = [await caller.send(foreign), await caller.send(absent)];
        world.calls += 2;
        const name = `${caller.name}: ${operation.id}, ${what}`;
        const [x, y] = [comparable(theirs, said.foreign), comparable(nowhere, said.absent)];
        if (x !== y) wrong.push(`${name}: ${x} for another's, ${y} for what is nowhere`);
        for (const answer of [theirs, nowhere]) {
          if (answer.status >= 500) wrong.push(`${name}: ${answer.status} ${answer.text}`);
          const leaked = taint.in(answer.text, said.foreign);
          if (leaked.length > 0) wrong.push(`${name}: tells ${leaked.join(", ")} in ${answer.text.slice(0, 500)}`);
        }
        const isAbout = JSON.stringify(foreign.params) !== JSON.stringify(asks[0]?.params);
        if (isAbout && theirs.status < 400)
          wrong.push(`${name}: ${theirs.status} for what is another's: ${theirs.text.slice(0, 500)}`);
      });
      if (cases.length === 0) continue;
      const after = await snapshot(installation.table);
      const written = changes(before, after);
      if (written.length > 0) wrong.push(`${operation.id} wrote ${written.join(", ")}`);
      before = after;
    }
    expect(inShort(wrong)).toEqual([]);
  });
});

describe("whoever may, with their own", () => {
  it("is answered, and neither reads nor changes what is the other tenant's, whatever keys that one has used", {
    timeout: patienceMs,
  }, async () => {
    const { a, accepted, b, installation, operations, succeeded, taint } = world;
    const wrong: string[] = [];
    const before = await snapshot(installation.table);
    // What ends things comes last, and what is about a tenant as a whole after everything.
    const rank = (operation: Operation) => (endsTheCaller(operation) ? 100 : rankOf(operation));
    const rankOf = ({ method, access, door }: Operation) =>
      ["GET", "PUT", "POST", "DELETE"].indexOf(method) +
      (door === "api" && method !== "GET" ? 10 : 0) +
      ("staff" in access ? 20 : "signedIn" in access ? 40 : 0);
    for (const operation of operations.toSorted((x, y) => rank(x) - rank(y))) {
      const send = await whoMay(world, operation, a);
      const good = accepted.get(operation.id) ?? [];
      for (const [at, ask] of good.entries()) {
        for (const one of choicesOf(ask)) {
          const answer = await send(withKey(one, at));
          world.calls += 1;
          const name = `${operation.id} ${JSON.stringify(one.params)}`;
          if (answer.status >= 500 || answer.status === 400 || answer.status === 401) {
            if (!("open" in operation.access)) wrong.push(`${name}: ${answer.status} ${answer.text}`);
          }
          if (answer.text.includes("idempotency_mismatch") && !("staff" in operation.access))
            wrong.push(`${name}: knows the other tenant's key`);
          // The provider's staff see every tenant; what A is told is A's.
          const leaked = "staff" in operation.access ? [] : taint.in(answer.text, saidBy(one));
          if (leaked.length > 0) wrong.push(`${name}: tells ${leaked.join(", ")} in ${answer.text.slice(0, 500)}`);
          if (answer.status < 300) {
            succeeded.add(operation.id);
            urls.push(...urlsIn(answer.text));
            break;
          }
        }
      }
    }
    expect(inShort(wrong)).toEqual([]);
    const of = ofTenant(b.tenantId);
    expect(changes(before, await snapshot(installation.table), of)).toEqual([]);
    // A read that never succeeds shows nothing about what it tells.
    const never = operations.filter((one) => changesNothing(one) && !succeeded.has(one.id)).map(({ id }) => id);
    // No action has a variable yet that refers to a secret; what it tells to whom: packages/control/test/run-secrets.system.test.ts
    // The release of a checkout lists no builds; which of them whose machine is given: packages/control/src/get-bundle.test.ts
    expect(never.filter((id) => id !== "fetchRunSecret" && id !== "getBuild")).toEqual([]);
  });

  it("a place that was signed for one object is good for no other tenant's", async () => {
    const { a, b, settled } = world;
    const places = urls.filter((url) => url.includes(a.tenantId));
    expect(places.length).toBeGreaterThan(0);
    const theirs = [...settled.values()].map(({ text }) => text).join();
    for (const place of places) {
      for (const url of [place.replaceAll(a.tenantId, b.tenantId), placeOfB(place, theirs)]) {
        for (const method of ["GET", "PUT", "DELETE"]) {
          const response = await fetch(url, { method, ...(method === "PUT" ? { body: "x" } : {}) });
          expect([method, url, response.status]).toEqual([method, url, 403]);
          expect(await response.text()).not.toContain(other);
        }
      }
    }
  });
});

const urls: string[] = [];
const urlsIn = (text: string) => [...text.matchAll(/https?:[^"\\]+X-Amz-Signature=[^"\\]+/g)].map(([url]) => url);

/** The signed place with the run of B's in it: an object that exists. */
function placeOfB(place: string, records: string): string {
  const { a, b } = world;
  const run = b.things.ids.get("run")?.find((id) => records.includes(id)) ?? "";
  return place.replaceAll(a.tenantId, b.tenantId).replace(/run_[0-9a-z]+/, run);
}

/** The request with each of the things that its path could mean, the first ones first. */
function choicesOf(ask: Ask): Ask[] {
  const { ids } = world.a.things;
  const slots = textsIn(ask).filter(({ part, value }) => part === "params" && ids.has(value.slice(0, 3)));
  return slots.reduce<Ask[]>(
    (asks, slot) =>
      asks.flatMap((one) =>
        (ids.get(slot.value.slice(0, 3)) ?? []).slice(0, 12).map((value) => withTexts(one, [{ slot, value }])),
      ),
    [ask],
  );
}

it("nothing tried to get past the fence below", () => {
  const { calls, callers, installation, operations, succeeded } = world;
  const log = readFileSync(join(installation.stack.stateDir, "logs", "host.log"), "utf8");
  expect(log.split("\n").filter((line) => line.includes("fence_refused"))).toEqual([]);
  console.log(
    `${operations.length} routes, ${callers.length} callers, ${calls} calls; ${succeeded.size} routes succeeded with A's own, not: ` +
      operations
        .filter(({ id }) => !succeeded.has(id))
        .map(({ id }) => id)
        .join(", "),
  );
});
