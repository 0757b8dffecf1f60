import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "@steward/contracts/ids";
import type { KeyPair } from "@steward/node-client/key-pair";
import { hasRole, roles } from "@steward/contracts/roles";
import { routes } from "@steward/contracts/routes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Installation, startInstallation } from "../support/installation.ts";
import { Unfillable } from "./support/fill-schema.ts";
import { type Answer, type Caller, createSender, type Sender } from "./support/callers.ts";
import {
  type Ask,
  askOf,
  type Operation,
  operationsOf,
  shapesOf,
  type Slot,
  textsIn,
  withTexts,
} from "./support/operations.ts";
import { absentLike, csr, foreignFor, requestedKey, type Things } from "./support/things.ts";
import { changes, createTaint, ofTenant, snapshot, type Snapshot } from "./support/traces.ts";
import {
  aHeartbeat,
  makePerson,
  makeTwin,
  type Person,
  takeMessages,
  tokenHeaders,
  type Twin,
} from "./support/twins.ts";

/*
 * Two tenants that have the same things, each with its own word in every value; and everybody who may call, on every route
 * that `/openapi.json` tells of, with their own, the other tenant's and absent names in every place that takes one. Nothing
 * here is listed by hand: a new route is in it from its first day, and fails it where it cannot be filled.
 */

const [own, other] = ["zqalpha", "zqbravo"] as const;
/** A minute on two cores of one's own; a machine that others use as well takes a multiple. */
const patienceMs = 600_000;
const key = `isolation-${Date.now()}`;

let installation: Installation;
let sender: Sender;
let operations: Operation[];
let a: Twin;
let b: Twin;
let staff: Person;
/** Who calls for A, and who is nobody's or everybody's. */
let callers: Caller[];
/** What is found to be accepted, by operation: which optional fields go together. */
const accepted = new Map<string, Ask[]>();
let taint: ReturnType<typeof createTaint>;
let settled: Snapshot;
/** Cursors of B's lists, by operation. */
const cursors = new Map<string, string>();
const succeeded = new Set<string>();
let calls = 0;

beforeAll(async () => {
  // Nothing else writes meanwhile: no fleet, and no schedule comes round.
  installation = await startInstallation({
    appliances: 0,
    reconcileSeconds: 30_000,
    sweepSeconds: 30_000,
    functionEnv: {
      // A job is still there when its cases come.
      STEWARD_JOB_DEADLINE_SECONDS: "3600",
      // Whoever is refused uses up calls as well, and nearly everybody is refused here.
      STEWARD_RATE_LIMITS: "source=100000/100000,principal=100000/100000,tenant=100000/100000",
    },
  });
  sender = createSender(installation);
  const worker = await installation.enrol("worker", "worker", "provider");
  await worker.call("heartbeat", {
    body: { ...aHeartbeat, agentVersion: "1.0.0", capacity: { slots: 4, used: 0 }, models: ["llama3.2:3b"] },
  });
  [a, b] = await Promise.all([makeTwin(installation, own), makeTwin(installation, other)]);
  await takeMessages(installation, [a, b]);
  staff = await makePerson(installation, { name: "staff", grants: [{ tenant: "*", role: "admin" }] });
  const served = await sender.send({ door: "api", method: "GET", path: "/openapi.json" });
  operations = operationsOf(JSON.parse(served.text));
  callers = await everybody();
  // Both make what can be made, B with the keys that A will use as well.
  for (const twin of [b, a]) {
    // What no answer shows, such as jobs, is in the records.
    for (const [place, { text }] of await snapshot(installation.table)) {
      if (place.startsWith(`T#${twin.tenantId}#`)) twin.things.harvest(text);
    }
    await makeAll(twin);
  }
  // B's freezes stay, as something that could be told; with A's nothing of A's would start.
  const admin = await a.people.admin.signIn();
  for (const { id, tenantId } of (await admin("listFreezes", {})).items) {
    if (tenantId === a.tenantId) await admin("endFreeze", { params: { freezeId: id } });
  }
  settled = await quiet();
  taint = createTaint(other, b.tenantId, settled);
}, patienceMs);
afterAll(async () => {
  await Promise.all([...a.clients, ...b.clients].map((client) => client.close()));
  await sender.close();
  await installation.close();
});

/** Waits until nothing changes any more: queues are empty, and what they led to is done. */
async function quiet(): Promise<Snapshot> {
  const lateMs = Date.now() + 20_000;
  for (let before = await snapshot(installation.table); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const after = await snapshot(installation.table);
    const changed = changes(before, after);
    if (changed.length === 0) return after;
    if (Date.now() > lateMs) throw new Error(`these never rest: ${changed.join(", ")}`);
    before = after;
  }
}

async function everybody(): Promise<Caller[]> {
  const person = async (
    name: string,
    who: Person,
    more: Partial<Caller> & Pick<Caller, "kind">,
    tenantId?: string,
  ): Promise<Caller> => {
    const headers = { ...(await who.headers()), ...(tenantId === undefined ? {} : { "steward-tenant": tenantId }) };
    return { name, door: "api", ...more, send: (ask) => sender.ask(ask, { door: "api", headers }) };
  };
  const machine = (name: string, kind: "appliance" | "worker", of: string): Caller => ({
    name,
    door: "nodes",
    kind,
    send: (ask) => sender.ask(ask, { door: "nodes", machine: of }),
  });
  const browser = async (): Promise<Caller> => {
    const pair = await browserOf(a);
    return {
      name: "A's browser",
      door: "nodes",
      kind: "browser",
      send: (ask) => sender.ask(ask, { door: "nodes", machine: pair }),
    };
  };
  const nobody = (door: Caller["door"]): Caller => ({
    name: `nobody (${door})`,
    door,
    kind: "nobody",
    send: (ask) => sender.ask(ask, { door }),
  });
  return [
    ...(await Promise.all(roles.map((role) => person(`A's ${role}`, a.people[role], { kind: "person", role })))),
    ...(await Promise.all(
      (["operator", "admin"] as const).map(async (role): Promise<Caller> => {
        const headers = await tokenHeaders(installation, a, role);
        return {
          name: `A's token (${role})`,
          door: "api",
          kind: "token",
          role,
          send: (ask) => sender.ask(ask, { door: "api", headers }),
        };
      }),
    )),
    await person("staff in A", staff, { kind: "staff", role: "admin" }, a.tenantId),
    nobody("api"),
    await browser(),
    machine("A's appliance", "appliance", a.machines[0]),
    machine("the worker", "worker", "worker"),
    nobody("nodes"),
  ];
}

/** The certificate of the viewer's browser. */
async function browserOf({ people }: Twin): Promise<KeyPair> {
  const viewer = await people.viewer.signIn();
  const { certificate } = await viewer("createCertificate", { body: { csr } });
  return { key: requestedKey, certificate };
}

/** Somebody who may do it, with a session of its own: the call may end it. */
async function whoMay(operation: Operation, twin: Twin): Promise<(ask: Ask) => Promise<Answer>> {
  const { access } = operation;
  if ("userCertificate" in access) {
    const pair = await browserOf(twin);
    return (ask) => sender.ask(ask, { machine: pair });
  }
  if ("node" in access) {
    const machine = access.node === "worker" ? "worker" : twin.machines[0];
    return (ask) => sender.ask(ask, { machine });
  }
  if ("open" in access) return (ask) => sender.ask(ask, {});
  return sendAs("staff" in access ? staff : twin.people.admin);
}

async function sendAs(who: Person): Promise<(ask: Ask) => Promise<Answer>> {
  const headers = await who.headers();
  return (ask) => sender.ask(ask, { headers });
}

const changesNothing = ({ method }: Operation) => method === "GET";
/** Whoever calls it is out, and everything after would be refused: it is called when all else was. */
const endsTheCaller = ({ id }: Operation) => id === "leave";
const makes = ({ method, params }: Operation) => method === "POST" && Object.keys(params).length === 0;

/**
 * Makes with every route that makes something, and remembers what they answer; finds out which fields go together, with
 * absent things where a route is about one; and reads every list, for its ids and its cursor.
 */
async function makeAll(twin: Twin): Promise<void> {
  let left = operations.toSorted((x, y) => Number(changesNothing(x)) - Number(changesNothing(y)));
  while (left.length > 0) {
    const later: { operation: Operation; why: Unfillable }[] = [];
    for (const operation of left) {
      try {
        await tryOut(operation, twin);
      } catch (error) {
        // Another route may make what this one is about.
        if (!(error instanceof Unfillable)) throw error;
        later.push({ operation, why: error });
      }
    }
    if (later.length === left.length)
      throw new Error(later.map(({ operation, why }) => `${operation.id}: ${why.message}`).join("\n"));
    left = later.map(({ operation }) => operation);
  }
}

async function tryOut(operation: Operation, twin: Twin): Promise<void> {
  const { things } = twin;
  const asks = shapesOf(operation).map((shape) => askOf(operation, things, shape));
  if (endsTheCaller(operation)) {
    if (twin === a) accepted.set(operation.id, asks);
    return;
  }
  const send = await whoMay(operation, twin);
  const refusals: string[] = [];
  const good: Ask[] = [];
  for (const ask of asks) {
    // Where it is about one thing, an absent one: nothing may happen to what the cases need.
    const slots = textsIn(ask).filter(({ part }) => part === "params");
    const absent = slots.map((slot) => ({ slot, value: absentLike(slot.value) }));
    const tried = changesNothing(operation) || makes(operation) ? ask : withTexts(ask, absent);
    const answer = await send(withKey(tried, good.length));
    calls += 1;
    if (answer.status === 400) {
      refusals.push(answer.text);
      continue;
    }
    good.push(ask);
    if (answer.status >= 300) continue;
    things.harvest(answer.text);
    if (makes(operation)) succeeded.add(operation.id);
    if (twin === b && operation.query["cursor"] !== undefined && !cursors.has(operation.id))
      await keepCursor(ask, send);
  }
  if (good.length === 0) {
    throw new Error(
      `${operation.id} accepts nothing that this suite makes of its schema; teach test/isolation/support/things.ts. It says:\n${refusals.join("\n")}`,
    );
  }
  if (twin === a) accepted.set(operation.id, good);
}

/** Of a list that is too short for B there is a cursor of somebody who sees more. */
async function keepCursor(ask: Ask, send: (ask: Ask) => Promise<Answer>): Promise<void> {
  for (const sendOne of [send, await sendAs(staff)]) {
    const page = await sendOne({ ...ask, query: { limit: 1 } });
    const { cursor } = JSON.parse(page.text) as { cursor?: string };
    if (cursor !== undefined && !cursors.has(ask.operation.id)) cursors.set(ask.operation.id, cursor);
  }
}

/** The same keys for both tenants, where a route takes one. */
function withKey(ask: Ask, at: number | string): Ask {
  if (!ask.operation.headers.includes("Idempotency-Key")) return ask;
  return { ...ask, headers: { ...ask.headers, "idempotency-key": `${key}-${at}` } };
}

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

function mayCall({ access, door }: Operation, caller: Caller): "yes" | 401 | 403 | 404 {
  // The listener refuses them before there is a request.
  if (caller.door === "nodes" && caller.kind === "nobody") return 401;
  if (caller.door !== door) return 404;
  if ("open" in access) return "yes";
  if (caller.kind === "nobody") return 401;
  if ("node" in access && caller.kind === "browser") return 401;
  if ("node" in access) return access.node === "any" || access.node === caller.kind ? "yes" : 403;
  if ("peopleOnly" in access && access.peopleOnly !== undefined && caller.kind === "token") return 403;
  if ("userCertificate" in access) return caller.kind === "browser" ? "yes" : 401;
  if ("signedIn" in access) return "yes";
  if ("staff" in access) return caller.kind === "staff" ? "yes" : 403;
  return caller.role !== undefined && hasRole(caller.role, access.role) ? "yes" : 403;
}

/** An answer without what is different in every one: the request's id, and what the caller itself put in. */
function comparable({ status, text, headers }: Answer, said: readonly string[]): string {
  const body = said.reduce((left, one) => left.replaceAll(one, "…"), text.replaceAll(/"requestId":"[^"]*"/g, ""));
  return JSON.stringify([status, headers["content-type"], headers["idempotency-replayed"], body]);
}

/** Two requests that must not be told apart: with what is another's, and with what is nowhere. */
interface Pair {
  what: string;
  foreign: Ask;
  absent: Ask;
  said: { foreign: string[]; absent: string[] };
}

/** Everything of another's that can stand in this request, one place at a time and in all of them. */
function pairsOf(operation: Operation, asks: readonly Ask[], from: Things): Pair[] {
  const pairs: Pair[] = [];
  const seen = new Set<string>();
  const add = (what: string, ask: Ask, changed: { slot: Slot; value: string }[]) => {
    const asWord = changed.map(({ slot, value }) => ({ slot, value, nowhere: absentLike(value) }));
    pairs.push({
      what,
      foreign: withTexts(ask, asWord),
      absent: withTexts(
        ask,
        asWord.map(({ slot, nowhere }) => ({ slot, value: nowhere })),
      ),
      said: { foreign: asWord.map(({ value }) => value), absent: asWord.map(({ nowhere }) => nowhere) },
    });
  };
  // Where nobody has to say who they are, what they send is the proof, and nobody's but theirs.
  for (const ask of "open" in operation.access ? [] : asks) {
    const inPlace: { slot: Slot; value: string }[][] = [];
    for (const slot of textsIn(ask)) {
      const foreign = foreignFor(slot, a.things, from).slice(0, 3);
      const place = `${slot.part}.${slot.path.join(".")}`;
      if (foreign.length === 0) continue;
      inPlace.push(foreign.map((value) => ({ slot, value })));
      if (seen.has(place)) continue;
      seen.add(place);
      for (const value of foreign) add(`${place}=${value}`, ask, [{ slot, value }]);
    }
    const everywhere = inPlace.map((list) => list[0]).filter((one) => one !== undefined);
    // Whoever was handed a job's secret was handed the job.
    if (everywhere.length > 1 && !everywhere.some(({ slot }) => slot.path.includes("secret")))
      add(everywhere.map(({ slot }) => slot.path.join(".")).join("+"), ask, everywhere);
  }
  const [first] = asks;
  if (first === undefined || "open" in operation.access) return pairs;
  const withHeader = (value: string): Ask => ({ ...first, headers: { ...first.headers, "steward-tenant": value } });
  if (operation.headers.includes("Steward-Tenant")) {
    const said = { foreign: [from.tenantId], absent: [newId("tenant", Date.now())] };
    pairs.push({
      what: "Steward-Tenant",
      foreign: withHeader(from.tenantId),
      absent: withHeader(said.absent[0] ?? ""),
      said,
    });
  }
  const cursor = cursors.get(operation.id) ?? [...cursors.values()][0];
  if (cursor !== undefined && operation.query["cursor"] !== undefined) {
    const bytes = Buffer.from(cursor, "base64url").map((byte, place) => (place === 0 ? byte : byte ^ 255));
    const nowhere = Buffer.from(bytes).toString("base64url");
    const at = (value: string): Ask => ({ ...first, query: { limit: 1, cursor: value } });
    pairs.push({
      what: "cursor",
      foreign: at(cursor),
      absent: at(nowhere),
      said: { foreign: [cursor], absent: [nowhere] },
    });
  }
  return pairs;
}

const saidBy = (ask: Ask) => [...textsIn(ask).map(({ value }) => value), ...Object.values(ask.headers)];

describe("the routes", () => {
  it("in the table and in the document are the same, each with a door and an access rule", () => {
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
    const wrong: string[] = [];
    for (const operation of operations) {
      const asks = accepted.get(operation.id) ?? [];
      const refused = callers.filter((caller) => mayCall(operation, caller) !== "yes");
      const cases = refused.flatMap((caller) => {
        const pairs = pairsOf(operation, asks, b.things);
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
        calls += 1;
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
    const wrong: string[] = [];
    let before = await snapshot(installation.table);
    for (const operation of operations) {
      const asks = accepted.get(operation.id) ?? [];
      // Not the header and the cursor again, which a machine does not have.
      const ofSibling = operation.door === "nodes" ? pairsOf(operation, asks, a.siblings) : [];
      const able = callers.filter(
        // What the provider's staff may do everywhere is no other tenant's to them.
        (caller) => mayCall(operation, caller) === "yes" && (caller.kind !== "staff" || "role" in operation.access),
      );
      const cases = able.flatMap((caller) =>
        [...pairsOf(operation, asks, b.things), ...(caller.kind === "appliance" ? ofSibling : [])]
          // They may give rights in every tenant.
          .filter(({ said }) => caller.kind !== "staff" || said.foreign.every((one) => !one.startsWith("ten_")))
          .map((pair) => ({ caller, ...pair })),
      );
      await forAll(cases, async ({ caller, what, foreign, absent, said }) => {
        const [theirs, nowhere] = [await caller.send(foreign), await caller.send(absent)];
        calls += 2;
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
    const wrong: string[] = [];
    const before = await snapshot(installation.table);
    // What ends things comes last, and what is about a tenant as a whole after everything.
    const rank = (operation: Operation) => (endsTheCaller(operation) ? 100 : rankOf(operation));
    const rankOf = ({ method, access, door }: Operation) =>
      ["GET", "PUT", "POST", "DELETE"].indexOf(method) +
      (door === "api" && method !== "GET" ? 10 : 0) +
      ("staff" in access ? 20 : "signedIn" in access ? 40 : 0);
    for (const operation of operations.toSorted((x, y) => rank(x) - rank(y))) {
      const send = await whoMay(operation, a);
      const good = accepted.get(operation.id) ?? [];
      for (const [at, ask] of good.entries()) {
        for (const one of choicesOf(ask)) {
          const answer = await send(withKey(one, at));
          calls += 1;
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
  const run = b.things.ids.get("run")?.find((id) => records.includes(id)) ?? "";
  return place.replaceAll(a.tenantId, b.tenantId).replace(/run_[0-9a-z]+/, run);
}

/** The request with each of the things that its path could mean, the first ones first. */
function choicesOf(ask: Ask): Ask[] {
  const slots = textsIn(ask).filter(({ part, value }) => part === "params" && a.things.ids.has(value.slice(0, 3)));
  return slots.reduce<Ask[]>(
    (asks, slot) =>
      asks.flatMap((one) =>
        (a.things.ids.get(slot.value.slice(0, 3)) ?? []).slice(0, 12).map((value) => withTexts(one, [{ slot, value }])),
      ),
    [ask],
  );
}

it("nothing tried to get past the fence below", () => {
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
