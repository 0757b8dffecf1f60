import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Client } from "@steward/contracts/client";
import { newId, runIdOf } from "@steward/contracts/ids";
import type { TaskView } from "@steward/contracts/task";
import { enrol } from "@steward/node-client/enrol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approve, type Installation, problemOf, until, untilEnded } from "./installation.ts";

/**
 * The typical way of a request, over HTTP, with everything running: words, plan, approval, doorbell, run, output. Held to
 * whatever `start` brings up: the functions' sources, or what the build made of them.
 */
export function describePath(start: () => Promise<Installation>): void {
  let installation: Installation;
  let acme: Client;
  let birch: Client;
  /** Two of acme's: one that is rung by its heartbeat, one by SSM. */
  const [pulled, rung] = ["acme-berlin-01", "acme-hamburg-01"] as const;

  beforeAll(async () => {
    installation = await start();
    acme = installation.as("acme");
    birch = installation.as("birch");
  });
  afterAll(() => installation.close());

  const ask = (instruction: string, targets: string[] = [pulled], call = acme): Promise<TaskView> =>
    call("submitTask", { body: { instruction, targets } });

  /** Fetches a run's output as a client has to: every chunk by its own hash, the whole by the manifest's. */
  async function verifiedOutput(task: TaskView): Promise<string> {
    const applianceId = task.targets[0]?.id ?? "";
    const output = await acme("getOutput", { params: { taskId: task.id, applianceId } });
    expect(output.complete).toBe(true);
    const parts: Buffer[] = [];
    for (const [index, chunk] of output.chunks.entries()) {
      expect(chunk.number).toBe(index);
      const stored = Buffer.from(await (await fetch(chunk.url)).arrayBuffer());
      expect(stored.length).toBe(chunk.bytes);
      expect(createHash("sha256").update(stored).digest("hex")).toBe(chunk.sha256);
      parts.push(gunzipSync(stored));
    }
    const whole = Buffer.concat(parts);
    expect(whole.length).toBe(output.bytes);
    expect(createHash("sha256").update(whole).digest("hex")).toBe(output.sha256);
    // A page, which reaches no store, gets the very same.
    const { chunks, ...rest } = await acme("getOutputChunks", { params: { taskId: task.id, applianceId } });
    expect(Buffer.concat(chunks.map(({ gzip }) => gunzipSync(Buffer.from(gzip, "base64"))))).toEqual(whole);
    expect(rest).toMatchObject({ complete: true, count: output.chunks.length, sha256: output.sha256 });
    return whole.toString("utf8");
  }

  describe("a sentence becomes a run", () => {
    it.each([
      ["its next heartbeat (pull)", pulled],
      ["SSM Run Command (ssm)", rung],
    ])("words, plan, approval, run and verified output, rung by %s", async (_, target) => {
      const task = await ask("add user john", [target]);
      expect(task).toMatchObject({
        status: "awaiting_approval",
        instruction: "add user john",
        planning: { tier: "matcher" },
        gate: { decision: "needs_approval", approver: "requester" },
        plan: {
          risk: "low",
          mode: "apply",
          steps: [
            {
              action: "users.add",
              variables: { username: "john" },
              provenance: { username: { source: "said", text: "john" } },
              undo: "recorded",
            },
          ],
        },
      });
      expect(task.plan?.planHash).toMatch(/^[0-9a-f]{64}$/);
      expect(task.plan?.targets).toEqual(task.targets.map(({ id }) => id));
      expect(task.targets.map(({ name }) => name)).toEqual([target]);

      const approved = await approve(acme, task);
      expect(approved).toMatchObject({ status: "running", approval: { by: task.requestedBy.id } });
      const ended = await untilEnded(acme, task.id);
      expect(ended).toMatchObject({
        status: "simulated",
        runs: [{ applianceName: target, executor: "simulate", status: "simulated", steps: [{ status: "simulated" }] }],
      });
      // Whoever only reads the sentence must not take it for a change.
      expect(ended.result?.message).toMatch(/simulated/i);
      const output = await verifiedOutput(ended);
      expect(output).toContain("SIMULATED");
      expect(output).toContain("john");
    });

    it("explicit steps of a low risk run without an approval, medium ones wait for it", async () => {
      const steps = (action: string, variables = {}) => ({ steps: [{ action, variables }], targets: [pulled] });
      const low = await acme("submitTask", { body: steps("disk.usage") });
      expect(low).toMatchObject({ status: "running", gate: { decision: "allow" } });
      expect(low.instruction).toBeUndefined();
      expect(await untilEnded(acme, low.id)).toMatchObject({ status: "simulated" });

      const medium = await acme("submitTask", { body: steps("service.restart", { service: "smbd" }) });
      expect(medium).toMatchObject({
        status: "awaiting_approval",
        plan: { risk: "medium", steps: [{ provenance: { service: { source: "given" } }, undo: "none" }] },
      });
      await approve(acme, medium);
      expect(await untilEnded(acme, medium.id)).toMatchObject({ status: "simulated" });
    });

    it("a high risk in a tenant with one person takes the retyped name of the target", async () => {
      const task = await acme("submitTask", {
        body: { steps: [{ action: "users.add", variables: { username: "eve", groups: ["sudo"] } }], targets: [pulled] },
      });
      expect(task).toMatchObject({
        status: "awaiting_approval",
        plan: { risk: "high" },
        gate: { approver: "retype", retype: pulled },
      });
      const planHash = task.plan?.planHash ?? "";
      const params = { taskId: task.id };
      expect(await problemOf(acme("approveTask", { params, body: { planHash } }))).toMatchObject({
        code: "denied_by_gate",
      });
      expect(
        await problemOf(acme("approveTask", { params, body: { planHash, confirmation: "acme-berlin-1" } })),
      ).toMatchObject({ code: "denied_by_gate" });
      await acme("approveTask", { params, body: { planHash, confirmation: pulled } });
      expect(await untilEnded(acme, task.id)).toMatchObject({ status: "simulated" });
    });

    it("targets are resolved when the plan is made: names, tags and all", async () => {
      const byTag = await ask("list users", ["site:berlin"]);
      expect(byTag.targets.map(({ name }) => name)).toEqual([pulled]);
      const all = await ask("list users", ["all"]);
      expect(all.targets.map(({ name }) => name).sort()).toEqual([pulled, rung]);
      await approve(acme, all);
      const ended = await untilEnded(acme, all.id);
      expect(ended.runs?.map(({ status }) => status)).toEqual(["simulated", "simulated"]);
      expect(ended.result?.counts).toMatchObject({ simulated: 2 });
      expect(await problemOf(ask("list users", ["birch-london-01"]))).toMatchObject({
        code: "unprocessable",
        fields: [{ path: "targets.0" }],
      });
    });

    it("a preview (mode check) goes the same way", async () => {
      const task = await acme("submitTask", {
        body: { instruction: "add user john", targets: [pulled], mode: "check" },
      });
      // Nobody's yes is needed: it changes nothing.
      expect(task).toMatchObject({ status: "running", mode: "check", plan: { mode: "check" } });
      const ended = await untilEnded(acme, task.id);
      expect(await verifiedOutput(ended)).toContain("SIMULATED CHECK");
    });
  });

  describe("previews", () => {
    it("may be wanted before anything runs: then also what needs nobody's yes waits for one", async () => {
      const steps = [{ action: "disk.usage", variables: {} }];
      const task = await acme("submitTask", { body: { steps, targets: [pulled], confirm: true } });
      expect(task).toMatchObject({ status: "awaiting_approval", gate: { approver: "requester" } });
      expect(await acme("previewTask", { params: { taskId: task.id } })).toMatchObject({ previewOf: task.id });
      await approve(acme, task);
      expect((await untilEnded(acme, task.id)).status).toBe("simulated");
    });

    it("show what a plan that waits would change, by appliances that have it in common, and decide nothing", async () => {
      const task = await ask("add user foreseen", ["all"]);
      const none = await problemOf(acme("getPreview", { params: { taskId: task.id } }));
      expect(none).toMatchObject({ code: "not_found" });
      const preview = await acme("previewTask", { params: { taskId: task.id } });
      expect(preview).toMatchObject({ mode: "check", previewOf: task.id, plan: { mode: "check" } });
      expect(preview.plan?.contentHash).toBe(task.plan?.contentHash);
      expect(preview.plan?.planHash).not.toBe(task.plan?.planHash);
      await untilEnded(acme, preview.id);
      const seen = await acme("getPreview", { params: { taskId: task.id } });
      expect(seen).toMatchObject({
        taskId: preview.id,
        previewOf: task.id,
        status: "simulated",
        contentHash: task.plan?.contentHash,
        appliances: 2,
        groups: [{ count: 2, status: "simulated", steps: [{ action: "users.add" }] }],
        moreGroups: 0,
      });
      expect(seen.groups[0]?.appliances.map(({ name }) => name)).toEqual([pulled, rung].sort());
      expect(await acme("getPreview", { params: { taskId: preview.id } })).toEqual(seen);
      // The plan itself waits as before, and a preview that was made is no approval of it.
      const waiting = await acme("getTask", { params: { taskId: task.id } });
      expect(waiting).toMatchObject({ status: "awaiting_approval", previewTaskId: preview.id });
      expect(
        await problemOf(
          acme("approveTask", { params: { taskId: task.id }, body: { planHash: preview.plan?.planHash ?? "" } }),
        ),
      ).toMatchObject({ code: "plan_changed" });
      const over = await problemOf(acme("previewTask", { params: { taskId: preview.id } }));
      expect(over).toMatchObject({ code: "invalid_transition" });
      await acme("rejectTask", { params: { taskId: task.id }, body: {} });
    });
  });

  describe("questions and ends", () => {
    it("asks for what is missing, takes the answer, and refuses one that cannot be", async () => {
      const task = await ask("add a user");
      expect(task).toMatchObject({ status: "needs_input", question: { action: "users.add", variable: "username" } });
      const params = { taskId: task.id };
      expect(await problemOf(acme("answerTask", { params, body: { answer: "Robert'); DROP" } }))).toMatchObject({
        code: "unprocessable",
        fields: [{ path: "answer" }],
      });
      expect(await problemOf(acme("answerTask", { params, body: { answer: "root" } }))).toMatchObject({
        code: "unprocessable",
      });
      expect(await acme("getTask", { params })).toMatchObject({ status: "needs_input" });
      const answered = await acme("answerTask", { params, body: { answer: "maria" } });
      expect(answered).toMatchObject({
        status: "awaiting_approval",
        plan: { steps: [{ variables: { username: "maria" }, provenance: { username: { source: "said" } } }] },
      });
      expect(await problemOf(acme("answerTask", { params, body: { answer: "ines" } }))).toMatchObject({
        code: "invalid_transition",
      });
    });

    it("a rejected and a cancelled task never run", async () => {
      const rejected = await ask("add user rejected");
      const cancelled = await ask("add user cancelled");
      const end = async (name: "rejectTask" | "cancelTask", task: TaskView) =>
        acme(name, { params: { taskId: task.id }, body: { reason: "not now" } });
      expect(await end("rejectTask", rejected)).toMatchObject({ status: "rejected" });
      expect(await end("cancelTask", cancelled)).toMatchObject({ status: "cancelled" });
      for (const task of [rejected, cancelled]) {
        expect(await problemOf(approve(acme, task))).toMatchObject({ code: "invalid_transition" });
        expect(await acme("getTask", { params: { taskId: task.id } })).toMatchObject({ runs: [] });
      }
    });

    it("?wait answers at the next change, and at once where there is none to wait for", async () => {
      const task = await ask("add user waiter");
      const startedMs = performance.now();
      const waiting = acme("getTask", { params: { taskId: task.id }, query: { wait: 15, since: task.version } });
      await acme("rejectTask", { params: { taskId: task.id }, body: {} });
      expect(await waiting).toMatchObject({ status: "rejected" });
      const ended = await acme("getTask", { params: { taskId: task.id }, query: { wait: 15 } });
      expect(ended.status).toBe("rejected");
      expect(performance.now() - startedMs).toBeLessThan(8_000);

      const idle = await ask("add user idler");
      const idleMs = performance.now();
      await acme("getTask", { params: { taskId: idle.id }, query: { wait: 1, since: idle.version } });
      expect(performance.now() - idleMs).toBeGreaterThan(900);
    });

    it("the gate explains itself", async () => {
      const task = await ask("restart smbd");
      const explained = await acme("explainGate", { params: { taskId: task.id } });
      expect(explained.decision).toBe("needs_approval");
      expect(explained.reasons.map(({ rule }) => rule)).toEqual(expect.arrayContaining(["role", "risk", "words"]));
      const none = await ask("add a user");
      expect(await problemOf(acme("explainGate", { params: { taskId: none.id } }))).toMatchObject({
        code: "invalid_transition",
      });
    });
  });

  describe("freeze", () => {
    it("stops doorbells and starts, lets plans and approvals go on, and thaws", async () => {
      const until = new Date(Date.now() + 600_000).toISOString();
      const freeze = await acme("createFreeze", { body: { scope: "tenant", reason: "stocktaking", until } });
      expect((await acme("listFreezes", {})).items).toEqual([freeze]);
      const task = await ask("add user frozen");
      expect(task.status).toBe("awaiting_approval");
      await approve(acme, task);
      // The dispatcher has looked when the run is there; three heartbeats later nothing has been sent.
      await waitForRun(acme, task.id);
      const later = await acme("getTask", { params: { taskId: task.id }, query: { wait: 3 } });
      expect(later).toMatchObject({ status: "running", runs: [{ status: "pending" }] });
      expect(await acme("explainGate", { params: { taskId: task.id } })).toMatchObject({ decision: "deny" });
      await acme("endFreeze", { params: { freezeId: freeze.id } });
      expect((await acme("listFreezes", {})).items).toEqual([]);
      expect(await untilEnded(acme, task.id)).toMatchObject({ status: "simulated" });
    });

    it("everything is the provider's to freeze, and holds for every tenant", async () => {
      const until = new Date(Date.now() + 600_000).toISOString();
      const body = { scope: "everything" as const, reason: "incident", until };
      expect(await problemOf(acme("createFreeze", { body }))).toMatchObject({ code: "forbidden" });
      const freeze = await installation.as("provider")("createFreeze", { body });
      expect((await birch("listFreezes", {})).items.map(({ id }) => id)).toEqual([freeze.id]);
      expect(await problemOf(acme("endFreeze", { params: { freezeId: freeze.id } }))).toMatchObject({
        code: "forbidden",
      });
      await installation.as("provider")("endFreeze", { params: { freezeId: freeze.id } });
      const past = { ...body, scope: "tenant" as const, until: new Date(Date.now() - 1000).toISOString() };
      expect(await problemOf(acme("createFreeze", { body: past }))).toMatchObject({ fields: [{ path: "until" }] });
    });
  });

  describe("idempotency keys", () => {
    const post = (path: string, key: string, body: unknown, slug = "acme") =>
      installation.raw(path, {
        method: "POST",
        headers: { ...installation.stack.headersOf(slug), "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify(body),
      });
    const body = { instruction: "add user once", targets: ["all"] };

    it("the same key and body make one task and get one answer, also at the same time", async () => {
      const first = await post("/api/v1/tasks", "key-1", body);
      const again = await post("/api/v1/tasks", "key-1", body);
      expect(first.status).toBe(202);
      expect(again).toMatchObject({ status: 202, body: first.body });
      expect(again.headers.get("idempotency-replayed")).toBe("true");
      const many = await Promise.all(Array.from({ length: 8 }, () => post("/api/v1/tasks", "key-2", body)));
      const made = new Set(many.filter(({ status }) => status === 202).map((one) => (one.body as TaskView).id));
      expect(made.size).toBe(1);
      for (const { status } of many) expect([202, 409]).toContain(status);
    });

    it("the same key with another body is 422; another tenant's key is another key", async () => {
      const first = await post("/api/v1/tasks", "key-3", body);
      const other = await post("/api/v1/tasks", "key-3", { ...body, instruction: "add user twice" });
      expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
      const theirs = await post("/api/v1/tasks", "key-3", body, "birch");
      expect(theirs.status).toBe(202);
      expect((theirs.body as TaskView).id).not.toBe((first.body as TaskView).id);
    });

    it("a refused call leaves its key free: put right, it is the first call with it", async () => {
      const nowhere = await post("/api/v1/tasks", "key-4", { ...body, targets: ["no-such-appliance"] });
      expect(nowhere).toMatchObject({ status: 422, body: { code: "unprocessable" } });
      expect(await post("/api/v1/tasks", "key-4", body)).toMatchObject({ status: 202 });
      const task = await ask("add user approved-late");
      const path = `/api/v1/tasks/${task.id}/approve`;
      expect(await post(path, "yes-2", { planHash: "0".repeat(64) })).toMatchObject({ status: 409 });
      expect(await post(path, "yes-2", { planHash: task.plan?.planHash })).toMatchObject({ status: 200 });
    });

    it("a repeated approval with its key is the same answer", async () => {
      const task = await ask("add user approved-once");
      const path = `/api/v1/tasks/${task.id}/approve`;
      const yes = { planHash: task.plan?.planHash };
      const first = await post(path, "yes-1", yes);
      expect(await post(path, "yes-1", yes)).toMatchObject({ status: 200, body: first.body });
      expect(await untilEnded(acme, task.id)).toMatchObject({ runs: [{ status: "simulated", attempt: 1 }] });
    });
  });

  describe("lists", () => {
    it("tasks are paged by cursors that carry no more than they should", async () => {
      for (const name of ["ada", "bea", "cleo"]) await ask(`add user ${name}`);
      const all = (await acme("listTasks", { query: { limit: 200 } })).items.map(({ id }) => id);
      expect(all).toEqual([...all].sort().reverse());
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await acme("listTasks", { query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) } });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
    });

    it("an altered, shortened, foreign or misplaced cursor is refused", async () => {
      for (const name of ["ada", "bea"]) await ask(`list users`, ["all"], birch).then(() => name);
      const { cursor = "" } = await acme("listTasks", { query: { limit: 1 } });
      const middle = Math.floor(cursor.length / 2);
      const altered = cursor.slice(0, middle) + (cursor[middle] === "A" ? "B" : "A") + cursor.slice(middle + 1);
      const refused = [
        acme("listTasks", { query: { limit: 1, cursor: altered } }),
        acme("listTasks", { query: { limit: 1, cursor: cursor.slice(0, -4) } }),
        acme("listTasks", { query: { limit: 1, cursor: "AAAA" } }),
        birch("listTasks", { query: { limit: 1, cursor } }),
        acme("listTasks", { query: { limit: 1, cursor, status: "running" } }),
        acme("listNodes", { query: { limit: 1, cursor } }),
      ];
      for (const problem of await Promise.all(refused.map(problemOf))) {
        expect(problem).toMatchObject({ code: "invalid_request", fields: [{ path: "cursor" }] });
      }
      expect((await acme("listTasks", { query: { limit: 1, cursor } })).items).toHaveLength(1);
    });

    it("tasks by status, nodes by kind, health, tag and name", async () => {
      const waiting = await acme("listTasks", { query: { status: "awaiting_approval" } });
      expect(new Set(waiting.items.map(({ status }) => status))).toEqual(new Set(["awaiting_approval"]));
      const names = async (query: object) => (await acme("listNodes", { query })).items.map(({ name }) => name).sort();
      expect(await names({})).toEqual([pulled, rung]);
      expect(await names({ kind: "worker" })).toEqual([]);
      expect(await names({ tag: "site:hamburg" })).toEqual([rung]);
      expect(await names({ q: "berlin" })).toEqual([pulled]);
      // Two seconds without a beat, on a machine with much to do, and one is offline for a moment.
      await expect.poll(() => names({ health: "healthy" }), { timeout: 20_000 }).toEqual([pulled, rung]);
      const [node] = (await acme("listNodes", { query: { q: "berlin" } })).items;
      expect(await acme("getNode", { params: { nodeId: node?.id ?? "" } })).toMatchObject({
        name: pulled,
        confirmed: true,
        facts: { services: expect.arrayContaining(["smbd"]) },
      });
    });

    it("the catalogue, queues, counts and tenants are there to be read", async () => {
      const actions = (await acme("listActions", {})).items.map(({ id }) => id);
      expect(actions).toEqual(expect.arrayContaining(["users.add", "samba.share.add", "system.ping"]));
      expect((await acme("queueStatus", {})).queues.length).toBeGreaterThan(4);
      expect(await acme("stats", {})).toBeDefined();
      expect((await acme("listTenants", {})).items.map(({ name }) => name)).toEqual(["Acme"]);
      expect((await installation.as("provider")("listTenants", {})).items.length).toBe(4);
      expect(await acme("health", {})).toMatchObject({ status: "ok" });
    });
  });

  describe("machines and sessions", () => {
    it("an appliance that nobody has confirmed gets no plan that could run; a removed one is no target", async () => {
      const name = "acme-new-01";
      const { token } = await acme("inviteNode", { body: { kind: "appliance", name } });
      const stateDir = installation.machineDir(name);
      mkdirSync(stateDir, { recursive: true });
      const { nodeId, keyFingerprint } = await enrol({
        apiUrl: installation.stack.apiUrl,
        token,
        hostname: name,
        stateDir,
      });
      const unconfirmed = await ask("list users", [name]);
      expect(unconfirmed).toMatchObject({ status: "failed", gate: { decision: "deny" } });
      expect(unconfirmed.result?.message).toMatch(/confirm/i);

      const params = { nodeId };
      expect(await problemOf(acme("confirmNode", { params, body: { keyFingerprint: "0".repeat(64) } }))).toMatchObject({
        fields: [{ path: "keyFingerprint" }],
      });
      await acme("confirmNode", { params, body: { keyFingerprint } });
      expect(await ask("list users", [name])).toMatchObject({ status: "awaiting_approval" });

      const machine = await installation.machine(name);
      expect((await machine.call("pendingRuns", {})).runs).toEqual([]);
      await acme("removeNode", { params });
      expect(await problemOf(machine.call("pendingRuns", {}))).toMatchObject({ code: "certificate_refused" });
      expect(await problemOf(ask("list users", [name]))).toMatchObject({ code: "unprocessable" });
    });

    it("only the provider invites workers", async () => {
      expect(await problemOf(acme("inviteNode", { body: { kind: "worker", name: "acme-gpu-01" } }))).toMatchObject({
        code: "forbidden",
      });
    });

    it("a session is refreshed, ends when its person says so, and a sign-in link works once", async () => {
      const link = await installation.stack.loginLink("cedar");
      const bootstrapToken = link.split("#login=")[1] ?? "";
      const cedar = installation.as("cedar");
      const session = await cedar("createSession", { body: { bootstrapToken } });
      expect(await problemOf(cedar("createSession", { body: { bootstrapToken } }))).toMatchObject({
        code: "unauthenticated",
      });
      const refreshed = await cedar("refreshSession", { body: { refreshToken: session.refreshToken ?? "" } });
      const headers = { authorization: `Bearer ${refreshed.accessToken}` };
      expect((await installation.raw("/api/v1/tenants", { headers })).status).toBe(200);
      expect((await installation.raw("/api/v1/sessions", { method: "DELETE", headers })).status).toBe(204);
      expect(
        await problemOf(cedar("refreshSession", { body: { refreshToken: refreshed.refreshToken ?? "" } })),
      ).toMatchObject({
        code: "unauthenticated",
      });
    });
  });

  describe("tenants are apart", () => {
    it("a person of one tenant sees 404 for everything of another's", async () => {
      const task = await ask("add user secretive");
      await approve(acme, task);
      const ended = await untilEnded(acme, task.id);
      const until = new Date(Date.now() + 600_000).toISOString();
      const freeze = await acme("createFreeze", { body: { scope: "tenant", reason: "ours", until } });
      const nodeId = ended.targets[0]?.id ?? "";
      const taskId = task.id;
      const planHash = task.plan?.planHash ?? "";
      const params = { taskId };
      const calls = (call: Client, given: { taskId: string; nodeId: string; freezeId: string }) => [
        call("getTask", { params: { taskId: given.taskId } }),
        call("getTask", { params: { taskId: given.taskId }, query: { wait: 1 } }),
        call("approveTask", { params: { taskId: given.taskId }, body: { planHash } }),
        call("rejectTask", { params: { taskId: given.taskId }, body: {} }),
        call("cancelTask", { params: { taskId: given.taskId }, body: {} }),
        call("answerTask", { params: { taskId: given.taskId }, body: { answer: "x" } }),
        call("explainGate", { params: { taskId: given.taskId } }),
        call("previewTask", { params: { taskId: given.taskId } }),
        call("getPreview", { params: { taskId: given.taskId } }),
        call("getOutput", { params: { taskId: given.taskId, applianceId: given.nodeId } }),
        call("getOutputChunks", { params: { taskId: given.taskId, applianceId: given.nodeId } }),
        call("getNode", { params: { nodeId: given.nodeId } }),
        call("confirmNode", { params: { nodeId: given.nodeId }, body: { keyFingerprint: "0".repeat(64) } }),
        call("removeNode", { params: { nodeId: given.nodeId } }),
        call("endFreeze", { params: { freezeId: given.freezeId } }),
      ];
      const absent = {
        taskId: newId("task", Date.now()),
        nodeId: newId("appliance", Date.now()),
        freezeId: newId("freeze", Date.now()),
      };
      const [foreign, nothing] = await Promise.all(
        [{ taskId, nodeId, freezeId: freeze.id }, absent].map((given) =>
          Promise.all(
            calls(birch, given).map(async (call) => {
              const { code, message } = await problemOf(call);
              // The id that was asked for is all that may differ.
              return `${code} ${message.replace(/(tsk|apl|frz)_[0-9a-z]+/g, "$1")}`;
            }),
          ),
        ),
      );
      expect(foreign?.every((text) => text.startsWith("not_found"))).toBe(true);
      expect(foreign).toEqual(nothing);

      const theirs = (await birch("listTasks", { query: { limit: 200 } })).items;
      expect(theirs.some(({ id, tenantId }) => id === taskId || tenantId !== installation.tenantId("birch"))).toBe(
        false,
      );
      expect((await birch("listFreezes", {})).items).toEqual([]);
      // Asking in the other's name is no better than asking by id.
      const headers = { ...installation.stack.headersOf("birch"), "steward-tenant": installation.tenantId("acme") };
      const inTheirName = await installation.raw("/api/v1/tasks", { headers });
      expect(inTheirName.status).toBe(404);
      await acme("endFreeze", { params: { freezeId: freeze.id } });
      // All of it is still there, and unchanged.
      expect(await acme("getTask", { params })).toMatchObject({ status: "simulated", version: ended.version });
      expect(await acme("getNode", { params: { nodeId } })).toMatchObject({ confirmed: true });
    });

    it("the run of another's appliance is as absent as one that never was", async () => {
      const task = await ask("disk usage");
      await approve(acme, task);
      const ended = await untilEnded(acme, task.id);
      const theirs = await installation.machine("birch-london-01");
      const runs = [ended.runs?.[0]?.id ?? "", runIdOf(newId("rollout", Date.now()), 0)];
      const answers = await Promise.all(
        runs.map(async (runId) => (await problemOf(theirs.call("getEnvelope", { params: { runId } }))).code),
      );
      expect(answers).toEqual(["not_found", "not_found"]);
    });
  });
}

function waitForRun(call: Client, taskId: string): Promise<TaskView> {
  return until(call, taskId, (task) => (task.runs?.length ?? 0) > 0);
}
