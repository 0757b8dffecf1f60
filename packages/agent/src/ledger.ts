import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runIdSchema } from "@steward/contracts/ids";
import { digestSchema } from "@steward/contracts/release";
import { signedDocumentSchema } from "@steward/contracts/signed";
import { runResultSchema, type RunResult, type StepResult, stepResultSchema } from "@steward/contracts/run";
import { traceIdSchema } from "@steward/contracts/request-id";
import { createFile, readIfThere, syncFolder } from "@steward/node-client/state-files";
import { z } from "zod";

/**
 * What this appliance has begun and ended. Each state of a run's attempt is a file of its own, created once and never
 * changed, on the disk before anything that follows from it happens:
 *
 *     prepared ──▶ started ──▶ finished ──▶ reported
 *        └──────▶ dropped
 *
 *   prepared   killed here: nothing ran. The start is asked for again, with the same ledger id: the same answer.
 *   started    killed here: nobody knows how far it came. It ends as `interrupted` and is never repeated. Unless it waits
 *              for the machine to start again (`reboot-<step>` without `step-<step>`): then the next life goes on with it.
 *   finished   killed here: the result is posted again until it is taken.
 *   dropped    the server refused the start for good; nothing ran.
 */
export type LedgerState = "prepared" | "started" | "finished" | "reported" | "dropped";

const preparedSchema = z.strictObject({
  v: z.literal(1),
  runId: runIdSchema,
  attempt: z.number().int().positive(),
  ledgerId: z.uuid(),
  planHash: digestSchema,
  /** Of the envelope, on the server's clock. */
  expiresAtMs: z.number(),
});
const undoSchema = z.strictObject({ v: z.literal(1) });
const requestSchema = z.strictObject({ v: z.literal(1), requestId: traceIdSchema });
const startedSchema = z.strictObject({ v: z.literal(1), startedAtMs: z.number(), deadlineMs: z.number() });
const closedSchema = z.strictObject({ v: z.literal(1), why: z.string(), atServerMs: z.number().optional() });
/**
 * On the disk before the machine is told to restart. What is in it is all that the next life needs, so that nothing hangs
 * on whether the steps' own files could be written.
 */
const rebootSchema = z.strictObject({
  v: z.literal(1),
  /** Which step. */
  index: z.number().int().nonnegative(),
  /** The boot that has to end; or the id of an upgrade, which has to. */
  bootId: z.string().min(1),
  /** It is no restart of the machine: the agent's build is replaced, by this version or the newest. */
  upgrade: z.strictObject({ version: z.string().optional() }).optional(),
  /** On the server's clock. After the deadline it has failed. */
  askedAtMs: z.number(),
  deadlineMs: z.number(),
  /** The steps before it. */
  steps: z.array(stepResultSchema),
  /** How the step itself will have ended. */
  step: stepResultSchema,
  /** Verified again before anything else runs. */
  envelope: signedDocumentSchema,
});
export type AwaitedReboot = Omit<z.infer<typeof rebootSchema>, "v">;
const finishedSchema = z.strictObject({ v: z.literal(1), result: runResultSchema });

export interface LedgerEntry {
  readonly runId: string;
  readonly attempt: number;
  /** What the attempt is for; absent: to do what the plan says. */
  readonly operation?: "undo";
  /** The request that the attempt is for, where the server says so. */
  readonly requestId?: string;
  readonly ledgerId: string;
  readonly planHash: string;
  readonly expiresAtMs: number;
  readonly state: LedgerState;
  /** Steps that had ended. */
  readonly steps: readonly StepResult[];
  /** From `started` on, on the server's clock. */
  readonly startedAtMs?: number;
  readonly deadlineMs?: number;
  /** The machine was to start again, or is about to, and the step is not recorded as ended. */
  readonly reboot?: AwaitedReboot;
  /** From `finished` on. */
  readonly result?: RunResult;
  readonly closedAtServerMs?: number;
  /** Where the output is spooled. */
  readonly outputDir: string;
}

export interface Ledger {
  entries(): LedgerEntry[];
  /** The entry of this attempt: a new one, or the one that an earlier life or call made. */
  prepare(run: {
    runId: string;
    attempt: number;
    operation?: "undo" | undefined;
    requestId?: string | undefined;
    planHash: string;
    expiresAtMs: number;
  }): Promise<LedgerEntry>;
  /** The attempts of the run before this one that this appliance knows, oldest first. */
  earlier(run: { runId: string; attempt: number }): LedgerEntry[];
  start(entry: LedgerEntry, server: { startedAtMs: number; deadlineMs: number }): Promise<LedgerEntry>;
  recordStep(entry: LedgerEntry, index: number, result: StepResult): Promise<LedgerEntry>;
  /** Before the machine is told to restart. */
  awaitReboot(entry: LedgerEntry, reboot: AwaitedReboot): Promise<LedgerEntry>;
  finish(entry: LedgerEntry, result: RunResult): Promise<LedgerEntry>;
  /** The result was taken, or refused for good. The spooled output goes. */
  report(entry: LedgerEntry, why: string, atServerMs?: number): Promise<LedgerEntry>;
  drop(entry: LedgerEntry, why: string, atServerMs?: number): Promise<LedgerEntry>;
  /** Forgets what ended long ago, by the server's clock. */
  prune(serverNowMs: number): Promise<void>;
}

const keptMs = 7 * 86_400_000;

export async function openLedger(stateDir: string): Promise<Ledger> {
  const root = join(stateDir, "runs");
  await mkdir(root, { recursive: true, mode: 0o700 });
  await syncFolder(stateDir);
  const known = new Map<string, LedgerEntry>();
  for (const name of await readdir(root)) {
    const entry = await readEntry(join(root, name));
    if (entry) known.set(name, entry);
  }

  async function move(entry: LedgerEntry, from: LedgerState, to: LedgerState, content: object): Promise<LedgerEntry> {
    const name = nameOf(entry);
    if (known.get(name)?.state !== from) throw new Error(`the ledger entry ${name} is not ${from}`);
    const path = join(root, name, `${to}.json`);
    const text = JSON.stringify({ v: 1, ...content });
    if (!(await createFile(path, text))) {
      // An end of the same words is our own write that failed half-way and is tried again; a start never is: it may be
      // another agent's, whose run must not be done twice.
      if (to === "started" || (await readIfThere(path)) !== text)
        throw new Error(`the ledger entry ${name} is ${to} already: another agent uses this state folder`);
      await syncFolder(join(root, name));
    }
    return keep(join(root, name));
  }

  async function keep(folder: string): Promise<LedgerEntry> {
    const entry = await readEntry(folder);
    if (!entry) throw new Error(`the ledger entry ${folder} cannot be read back`);
    known.set(nameOf(entry), entry);
    return entry;
  }

  return {
    entries: () => [...known.values()],
    earlier: ({ runId, attempt }) =>
      [...known.values()]
        .filter((entry) => entry.runId === runId && entry.attempt < attempt)
        .sort((a, b) => a.attempt - b.attempt),
    async prepare({ runId, attempt, operation, requestId, planHash, expiresAtMs }) {
      const name = nameOf({ runId, attempt });
      const existing = known.get(name);
      if (existing) return existing;
      await mkdir(join(root, name), { recursive: true, mode: 0o700 });
      await syncFolder(root);
      // A file of its own, and before the entry counts: an older agent that comes back over it reads the rest as ever.
      if (operation !== undefined) await createFile(join(root, name, "undo.json"), JSON.stringify({ v: 1 }));
      if (requestId !== undefined) {
        await createFile(join(root, name, "request.json"), JSON.stringify({ v: 1, requestId }));
      }
      const content = { v: 1, runId, attempt, ledgerId: randomUUID(), planHash, expiresAtMs };
      await createFile(join(root, name, "prepared.json"), JSON.stringify(content));
      return keep(join(root, name));
    },
    start: (entry, server) => move(entry, "prepared", "started", server),
    async recordStep(entry, index, result) {
      const folder = join(root, nameOf(entry));
      await createFile(join(folder, `step-${index}.json`), JSON.stringify(result));
      return keep(folder);
    },
    async awaitReboot(entry, reboot) {
      const folder = join(root, nameOf(entry));
      if (!(await createFile(join(folder, `reboot-${reboot.index}.json`), JSON.stringify({ v: 1, ...reboot }))))
        throw new Error(`the machine was to restart for step ${reboot.index} before`);
      return keep(folder);
    },
    finish: (entry, result) => move(entry, "started", "finished", { result }),
    async report(entry, why, atServerMs) {
      const reported = await move(entry, "finished", "reported", { why, atServerMs });
      await rm(reported.outputDir, { recursive: true, force: true });
      return reported;
    },
    drop: (entry, why, atServerMs) => move(entry, "prepared", "dropped", { why, atServerMs }),
    async prune(serverNowMs) {
      for (const [name, entry] of known) {
        const overAtMs = entry.state === "prepared" ? entry.expiresAtMs : entry.closedAtServerMs;
        if (overAtMs === undefined || serverNowMs - overAtMs < keptMs) continue;
        await rm(join(root, name), { recursive: true, force: true });
        known.delete(name);
      }
    },
  };
}

function nameOf(run: { runId: string; attempt: number }): string {
  return `${run.runId}.${run.attempt}`;
}

/** Undefined for a folder whose `prepared` never came to be: nothing followed from it. */
async function readEntry(folder: string): Promise<LedgerEntry | undefined> {
  const prepared = await read(folder, "prepared", preparedSchema);
  if (!prepared) return undefined;
  const [undo, request, started, finished, reported, dropped] = await Promise.all([
    read(folder, "undo", undoSchema),
    // It names the run in logs, and nothing hangs on it.
    read(folder, "request", requestSchema).catch(() => undefined),
    read(folder, "started", startedSchema),
    read(folder, "finished", finishedSchema),
    read(folder, "reported", closedSchema),
    read(folder, "dropped", closedSchema),
  ]);
  const reboot = await lastReboot(folder);
  const steps: StepResult[] = [...(reboot?.steps ?? [])];
  for (let index = steps.length; ; index += 1) {
    const step = await read(folder, `step-${index}`, stepResultSchema);
    if (!step) break;
    steps.push(step);
  }
  const isAwaited = reboot !== undefined && steps.length === reboot.index && finished === undefined;
  const closedAtServerMs = (reported ?? dropped)?.atServerMs;
  return {
    runId: prepared.runId,
    attempt: prepared.attempt,
    ...(undo === undefined ? {} : { operation: "undo" as const }),
    ...(request === undefined ? {} : { requestId: request.requestId }),
    ledgerId: prepared.ledgerId,
    planHash: prepared.planHash,
    expiresAtMs: prepared.expiresAtMs,
    state: reported ? "reported" : finished ? "finished" : started ? "started" : dropped ? "dropped" : "prepared",
    steps,
    outputDir: join(folder, "output"),
    ...(started === undefined ? {} : { startedAtMs: started.startedAtMs, deadlineMs: started.deadlineMs }),
    ...(isAwaited ? { reboot } : {}),
    ...(finished === undefined ? {} : { result: finished.result }),
    ...(closedAtServerMs === undefined ? {} : { closedAtServerMs }),
  };
}

async function lastReboot(folder: string): Promise<AwaitedReboot | undefined> {
  const indexes = (await readdir(folder)).flatMap((name) => /^reboot-(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
  if (indexes.length === 0) return undefined;
  const found = await read(folder, `reboot-${Math.max(...indexes)}`, rebootSchema);
  if (found === undefined) return undefined;
  const { v: _, ...reboot } = found;
  return reboot;
}

/** A file is there whole or not at all, so one that cannot be read is damage and stops the agent, rather than a run twice. */
async function read<T extends z.ZodType>(folder: string, name: string, schema: T): Promise<z.output<T> | undefined> {
  const text = await readIfThere(join(folder, `${name}.json`));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}
