import type { Action, Facts, Variables } from "@steward/contracts/actions";
import { contentHash, executablePlan, type Plan, planHash } from "@steward/contracts/plan";
import { z } from "zod";
import { buildPlan } from "../src/planning/build-plan.ts";
import type { PlanningContext } from "../src/planning/planning-types.ts";
import type { GroundedStep, TaskState } from "../src/task/task-state.ts";
import { newTask } from "../src/task/new-task.ts";

/** A small catalogue and what belongs to it, for the tests of core: core must not know the real one. */
const username = z
  .string()
  .regex(
    /^(?!(?:root|daemon|everyone|all|global|everything)$)[a-z][a-z0-9_-]{0,30}$/,
    "must be a person's account, not a system account",
  );
const quiet: Omit<Action, "id" | "title" | "kind" | "playbook" | "variables" | "examples"> = {
  hints: {},
  words: [],
  requires: [],
  defaults: () => ({}),
  undo: "recorded",
  timeoutSeconds: 60,
  risk: { base: "low", rules: [] },
};

export const addUser: Action = {
  ...quiet,
  id: "users.add",
  title: "Add a user",
  kind: "state",
  playbook: "users_add",
  variables: z.strictObject({
    username,
    groups: z
      .array(z.string().regex(/^(?!root$)[a-z]+$/))
      .min(1)
      .optional(),
  }),
  hints: {
    username: { question: "What should the user be called?" },
    groups: { question: "Which groups?", choicesFrom: "groups" },
  },
  examples: ["add user {username}", "create an account for {username}", "add user {username} to the groups {groups}"],
  words: ["login", "onboard", "member"],
  risk: {
    base: "low",
    rules: [{ variable: "groups", pattern: "^sudo$", risk: "high", why: "gives the rights of an administrator" }],
  },
};
const removeUser: Action = {
  ...quiet,
  id: "users.remove",
  title: "Remove a user",
  kind: "state",
  playbook: "users_remove",
  variables: z.strictObject({ username, keepHome: z.boolean().optional() }),
  hints: { username: { question: "Which user?", choicesFrom: "users" }, keepHome: { question: "Keep the home?" } },
  examples: ["remove user {username}", "remove {username}'s account"],
  words: ["login"],
  risk: { base: "medium", rules: [] },
};
const addShare: Action = {
  ...quiet,
  id: "samba.share.add",
  title: "Add a file share",
  kind: "state",
  playbook: "samba_share_add",
  variables: z.strictObject({
    share: username,
    path: z
      .string()
      .regex(/^\/srv\/[a-z/]+$/, "must be a path below /srv")
      .optional(),
    users: z.array(username).min(1).optional(),
  }),
  hints: {
    share: { question: "What should the share be called?" },
    path: { question: "Which directory?" },
    users: { question: "Who?", choicesFrom: "users" },
  },
  examples: [
    "add a share called {share}",
    "create a share {share} for {users}",
    "share {path} as {share}",
    "give {users} a share",
  ],
  words: ["folder"],
  defaults: (_facts, { share, users, path }): Variables => {
    if (share === undefined) return Array.isArray(users) && users.length === 1 && users[0] ? { share: users[0] } : {};
    return path === undefined && typeof share === "string" ? { path: `/srv/${share}` } : {};
  },
};
const restartService: Action = {
  ...quiet,
  id: "service.restart",
  title: "Restart a service",
  kind: "command",
  playbook: "service_restart",
  variables: z.strictObject({ service: z.string().regex(/^[a-z]+$/) }),
  hints: { service: { question: "Which service?", choicesFrom: "services" } },
  examples: ["restart {service}", "restart the service {service}"],
  undo: "none",
  risk: { base: "medium", rules: [] },
};
const addRecord: Action = {
  ...quiet,
  id: "dns.record.add",
  title: "Add a name to the name server",
  kind: "state",
  playbook: "dns_record_add",
  variables: z.strictObject({
    name: z.string().regex(/^(?!localhost)[a-z.]+$/),
    type: z.enum(["A", "CNAME"]),
    value: z.string().regex(/^[a-z0-9.]+$/),
  }),
  hints: {
    name: { question: "Which name?" },
    type: { question: "Which type?" },
    value: { question: "What does it point to?" },
  },
  examples: ["point {name} to {value}", "add an {type} record for {name} pointing to {value}"],
  defaults: (_facts, { type, value }): Variables =>
    type === undefined && /^[\d.]+$/.test(String(value)) ? { type: "A" } : {},
};
const diskUsage: Action = {
  ...quiet,
  id: "disk.usage",
  title: "Show how full the disks are",
  kind: "read",
  playbook: "disk_usage",
  variables: z.strictObject({}),
  examples: ["disk usage", "how full is the disk"],
  words: ["storage"],
  undo: "none",
};
export const testActions: readonly Action[] = [addUser, removeUser, addShare, restartService, addRecord, diskUsage];

export const tenantId = "ten_01jd0000000000000000000000";
export const taskId = "tsk_01jd0000000000000000000000";
export const requestId = "4bf92f3577b34da6a3ce929d0e0e4736";
export const rolloutId = "rol_01jd0000000000000000000000";
export const person = { id: "per_01jd0000000000000000000000", name: "Anna" };
export const startMs = 1_700_000_000_000;

/** Appliance ids `n` of them, sorted. */
export function applianceIds(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `apl_01jd${String(at).padStart(22, "0")}`);
}

const knownFacts: Facts = { users: ["anna", "bob"], groups: ["staff", "sudo"], services: ["smbd", "dnsmasq"] };
export function contextFor(instruction: string, facts: Facts = knownFacts, actions = testActions): PlanningContext {
  const [id = ""] = applianceIds(1);
  return { instruction, actions, targets: [{ id, name: "nas-1", facts }] };
}

export function testTask(count = 1, changes: Partial<TaskState> = {}): TaskState {
  const targets = applianceIds(count).map((id, at) => ({ id, name: `nas-${at + 1}` }));
  const task = newTask(
    { tenantId, taskId, kind: "action", requestId, requestedBy: person, targets, mode: "apply", verbosity: 0 },
    startMs,
  );
  return { ...task, ...changes };
}

export const oneStep: GroundedStep[] = [
  { action: "users.add", variables: { username: "john" }, provenance: { username: { source: "given" } } },
];

export function testPlan(task: TaskState = testTask(), steps: GroundedStep[] = oneStep): Plan {
  return buildPlan({
    task,
    steps,
    actions: testActions,
    release: { version: 3, bundles: testBundles },
    targets: task.targets.map(({ id }) => ({ id, facts: knownFacts })),
    nowMs: startMs,
  });
}

export const testBundles = Object.fromEntries(testActions.map((action, at) => [action.id, String(at + 1).repeat(64)]));

/** Both hashes of what the plan says now. */
export function hashesOf(plan: Plan): { contentHash: string; planHash: string } {
  const content = contentHash(executablePlan(plan));
  const { mode, expiresAtMs } = plan;
  return { contentHash: content, planHash: planHash({ contentHash: content, taskId, mode, expiresAtMs }) };
}

/** Only its identity matters to the reducers. */
export const signed = {
  type: "steward-envelope-v1",
  keyId: "0".repeat(64),
  payload: "e30=",
  signature: "AA==",
} as const;
