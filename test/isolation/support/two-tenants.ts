import { roles } from "@steward/contracts/roles";
import type { KeyPair } from "@steward/node-client/key-pair";
import { type Installation, startInstallation } from "../../support/installation.ts";
import { type Answer, type Caller, createSender, type Sender } from "./callers.ts";
import { Unfillable } from "./fill-schema.ts";
import { type Ask, askOf, type Operation, operationsOf, shapesOf, textsIn, withTexts } from "./operations.ts";
import { absentLike, csr, requestedKey } from "./things.ts";
import { changes, createTaint, snapshot, type Snapshot } from "./traces.ts";
import { aHeartbeat, makePerson, makeTwin, type Person, takeMessages, tokenHeaders, type Twin } from "./twins.ts";

const key = `isolation-${Date.now()}`;

/** What the tenants are made with, and what is found while they are. */
interface Setting {
  installation: Installation;
  sender: Sender;
  operations: Operation[];
  a: Twin;
  b: Twin;
  staff: Person;
  /** What is found to be accepted, by operation: which optional fields go together. */
  accepted: Map<string, Ask[]>;
  /** Cursors of B's lists, by operation. */
  cursors: Map<string, string>;
  succeeded: Set<string>;
  calls: number;
}

/** Two tenants that have everything that can be made, and all who may call. */
export interface TwoTenants extends Setting {
  /** Who calls for A, and who is nobody's or everybody's. */
  callers: Caller[];
  settled: Snapshot;
  /** What is B's. */
  taint: ReturnType<typeof createTaint>;
}

/** A and B, each with its own word in every value. */
export async function startTwoTenants(words: readonly [string, string]): Promise<TwoTenants> {
  // Nothing else writes meanwhile: no fleet, and no schedule comes round.
  const installation = await startInstallation({
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
  try {
    return await furnish(installation, words);
  } catch (error) {
    await installation.close();
    throw error;
  }
}

async function furnish(installation: Installation, words: readonly [string, string]): Promise<TwoTenants> {
  const sender = createSender(installation);
  const worker = await installation.enrol("worker", "worker", "provider");
  await worker.call("heartbeat", {
    body: { ...aHeartbeat, agentVersion: "1.0.0", capacity: { slots: 4, used: 0 }, models: ["llama3.2:3b"] },
  });
  const [a, b] = await Promise.all([makeTwin(installation, words[0]), makeTwin(installation, words[1])]);
  await takeMessages(installation, [a, b]);
  const staff = await makePerson(installation, { name: "staff", grants: [{ tenant: "*", role: "admin" }] });
  const served = await sender.send({ door: "api", method: "GET", path: "/openapi.json" });
  const operations = operationsOf(JSON.parse(served.text));
  const setting: Setting = {
    installation,
    sender,
    operations,
    a,
    b,
    staff,
    accepted: new Map(),
    cursors: new Map(),
    succeeded: new Set(),
    calls: 0,
  };
  const callers = await everybody(setting);
  // Both make what can be made, B with the keys that A will use as well.
  for (const twin of [b, a]) {
    // What no answer shows, such as jobs, is in the records.
    for (const [place, { text }] of await snapshot(installation.table)) {
      if (place.startsWith(`T#${twin.tenantId}#`)) twin.things.harvest(text);
    }
    await makeAll(setting, twin);
  }
  // B's freezes stay, as something that could be told; with A's nothing of A's would start.
  const admin = await a.people.admin.signIn();
  for (const { id, tenantId } of (await admin("listFreezes", {})).items) {
    if (tenantId === a.tenantId) await admin("endFreeze", { params: { freezeId: id } });
  }
  const settled = await quiet(installation);
  return Object.assign(setting, { callers, settled, taint: createTaint(words[1], b.tenantId, settled) });
}

export async function endTwoTenants({ a, b, sender, installation }: TwoTenants): Promise<void> {
  await Promise.all([...a.clients, ...b.clients].map((client) => client.close()));
  await sender.close();
  await installation.close();
}

/** Waits until nothing changes any more: queues are empty, and what they led to is done. */
async function quiet(installation: Installation): Promise<Snapshot> {
  const lateMs = Date.now() + 60_000;
  for (let before = await snapshot(installation.table); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Between two messages of what goes on nothing changes either, for longer than one would look. A message is there until
    // all that it led to is written: so they are counted first.
    const underWay = (await installation.undone("rollouts")) + (await installation.undone("node-events"));
    const after = await snapshot(installation.table);
    const changed = changes(before, after);
    if (changed.length === 0 && underWay === 0) return after;
    if (Date.now() > lateMs) throw new Error(`${underWay} messages wait, and these never rest: ${changed.join(", ")}`);
    before = after;
  }
}

async function everybody({ installation, sender, a, staff }: Setting): Promise<Caller[]> {
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
export async function whoMay(
  setting: Setting,
  { access }: Operation,
  twin: Twin,
): Promise<(ask: Ask) => Promise<Answer>> {
  const { sender, staff } = setting;
  if ("userCertificate" in access) {
    const pair = await browserOf(twin);
    return (ask) => sender.ask(ask, { machine: pair });
  }
  if ("node" in access) {
    const machine = access.node === "worker" ? "worker" : twin.machines[0];
    return (ask) => sender.ask(ask, { machine });
  }
  if ("open" in access) return (ask) => sender.ask(ask, {});
  return sendAs(setting, "staff" in access ? staff : twin.people.admin);
}

async function sendAs({ sender }: Setting, who: Person): Promise<(ask: Ask) => Promise<Answer>> {
  const headers = await who.headers();
  return (ask) => sender.ask(ask, { headers });
}

export const changesNothing = ({ method }: Operation) => method === "GET";
/** Whoever calls it is out, and everything after would be refused: it is called when all else was. */
export const endsTheCaller = ({ id }: Operation) => id === "leave";
const makes = ({ method, params }: Operation) => method === "POST" && Object.keys(params).length === 0;

/**
 * Makes with every route that makes something, and remembers what they answer; finds out which fields go together, with
 * absent things where a route is about one; and reads every list, for its ids and its cursor.
 */
async function makeAll(setting: Setting, twin: Twin): Promise<void> {
  let left = setting.operations.toSorted((x, y) => Number(changesNothing(x)) - Number(changesNothing(y)));
  while (left.length > 0) {
    const later: { operation: Operation; why: Unfillable }[] = [];
    for (const operation of left) {
      try {
        await tryOut(setting, operation, twin);
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

async function tryOut(setting: Setting, operation: Operation, twin: Twin): Promise<void> {
  const { a, b, accepted, cursors, succeeded } = setting;
  const { things } = twin;
  const asks = shapesOf(operation).map((shape) => askOf(operation, things, shape));
  if (endsTheCaller(operation)) {
    if (twin === a) accepted.set(operation.id, asks);
    return;
  }
  const send = await whoMay(setting, operation, twin);
  const refusals: string[] = [];
  const good: Ask[] = [];
  for (const ask of asks) {
    // Where it is about one thing, an absent one: nothing may happen to what the cases need.
    const slots = textsIn(ask).filter(({ part }) => part === "params");
    const absent = slots.map((slot) => ({ slot, value: absentLike(slot.value) }));
    const tried = changesNothing(operation) || makes(operation) ? ask : withTexts(ask, absent);
    const answer = await send(withKey(tried, good.length));
    setting.calls += 1;
    if (answer.status === 400) {
      refusals.push(answer.text);
      continue;
    }
    good.push(ask);
    if (answer.status >= 300) continue;
    things.harvest(answer.text);
    if (makes(operation)) succeeded.add(operation.id);
    if (twin === b && operation.query["cursor"] !== undefined && !cursors.has(operation.id))
      await keepCursor(setting, ask, send);
  }
  if (good.length === 0) {
    throw new Error(
      `${operation.id} accepts nothing that this suite makes of its schema; teach test/isolation/support/things.ts. It says:\n${refusals.join("\n")}`,
    );
  }
  if (twin === a) accepted.set(operation.id, good);
}

/** Of a list that is too short for B there is a cursor of somebody who sees more. */
async function keepCursor(setting: Setting, ask: Ask, send: (ask: Ask) => Promise<Answer>): Promise<void> {
  const { cursors, staff } = setting;
  for (const sendOne of [send, await sendAs(setting, staff)]) {
    const page = await sendOne({ ...ask, query: { limit: 1 } });
    const { cursor } = JSON.parse(page.text) as { cursor?: string };
    if (cursor !== undefined && !cursors.has(ask.operation.id)) cursors.set(ask.operation.id, cursor);
  }
}

/** The same keys for both tenants, where a route takes one. */
export function withKey(ask: Ask, at: number | string): Ask {
  if (!ask.operation.headers.includes("Idempotency-Key")) return ask;
  return { ...ask, headers: { ...ask.headers, "idempotency-key": `${key}-${at}` } };
}
