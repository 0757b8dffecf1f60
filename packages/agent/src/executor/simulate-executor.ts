import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Facts, Variables } from "@steward/contracts/actions";
import { factsSchema } from "@steward/contracts/facts";
import { parse, stringify } from "yaml";
import { z } from "zod";
import type { Executor, StepOutcome, StepRequest } from "./executor.ts";
import { recordDirectory } from "./step-files.ts";

export interface SimulateOptions {
  /** What the appliance says of itself. Never changes: nothing that is simulated happens. */
  facts: Facts;
}

/**
 * Shows what would run, task by task, from the same verified bundle that the real executor runs, and runs nothing. Its
 * runs end `simulated`.
 */
export function createSimulateExecutor(options: SimulateOptions): Executor {
  const facts = factsSchema.parse(options.facts);
  return {
    name: "simulate",
    async run(step, output, signal): Promise<StepOutcome> {
      const lines = await render(step);
      if (signal.aborted) return { status: "failed", changed: 0, failedTasks: 0, reason: "interrupted" };
      output(Buffer.from(`${lines.join("\n")}\n`));
      return { status: "simulated", changed: 0, failedTasks: 0 };
    },
    facts: () => Promise.resolve(facts),
    close: () => Promise.resolve(),
  };
}

/** Facts such as a small office's appliance has, the same for the same name. */
export function plausibleFacts(hostname: string): Facts {
  const people = ["anna", "ben", "clara", "david", "emma", "felix", "greta", "henry", "ida", "jonas", "lena", "max"];
  let seed = 0;
  for (const character of hostname) seed = (seed * 31 + character.charCodeAt(0)) % 2 ** 31;
  const first = seed % people.length;
  const users = Array.from(
    { length: 2 + (seed % 4) },
    (_, index) => people[(first + index * 5) % people.length] ?? "anna",
  );
  return {
    hostname,
    users: [...new Set(users)].sort(),
    groups: ["adm", "audio", "plugdev", "sambashare", "sudo", "users", "video", "www-data"],
    shares: [],
    services: ["dnsmasq", "nmbd", "smbd", "ssh"],
    domains: [],
    versions: { os: "Debian GNU/Linux 12 (bookworm)" },
    // Nothing that is simulated gets set up, so whatever needs it has to be there.
    setups: ["dns.server.setup", "mail.server.setup", "pki.ca.setup", "samba.server.setup"],
  };
}

type Task = Record<string, unknown> & { name?: string };
const taskSchema = z.record(z.string(), z.unknown());
const playSchema = z.object({ name: z.string().default("Play"), tasks: z.array(taskSchema).default([]) });

async function render(step: StepRequest): Promise<string[]> {
  const lines = [`SIMULATED ${step.mode.toUpperCase()} of ${step.actionId}: this is what would run; nothing does.`, ""];
  for (const play of z.array(playSchema).parse(await readYaml(step, `${step.playbook}.yml`))) {
    lines.push(`PLAY [${play.name}]`);
    for (const task of play.tasks) {
      const tagged = Array.isArray(task["tags"]) && task["tags"].includes("undo");
      if (tagged === (step.mode === "undo")) await renderTask(step, task, "", lines);
    }
  }
  return lines;
}

/** Keys of a task that say when and how, not what. */
const around = new Set(
  "name when vars register loop loop_control notify changed_when failed_when diff tags".split(" "),
);

async function renderTask(step: StepRequest, task: Task, role: string, lines: string[]): Promise<void> {
  if (task["no_log"] === true) {
    lines.push("", `TASK [${titleOf(task, role)}]`, "    (hidden: it handles secrets)");
    return;
  }
  for (const inner of Array.isArray(task["block"]) ? task["block"] : []) {
    await renderTask(step, taskSchema.parse(inner), role, lines);
  }
  for (const [key, value] of Object.entries(task)) {
    if (around.has(key) || !key.includes(".")) continue;
    if (key.endsWith("_role")) {
      const { name, tasks_from: from } = z
        .object({
          name: z.string().regex(/^[a-z_]+$/),
          tasks_from: z
            .string()
            .regex(/^[a-z_]+$/)
            .default("main"),
        })
        .parse(value);
      await renderFile(step, name, `${from}.yml`, lines);
    } else if (key.endsWith("_tasks")) {
      const file = typeof value === "string" ? value : "";
      if (/^[a-z_]+\.yml$/.test(file)) await renderFile(step, role, file, lines);
    } else {
      lines.push("", `TASK [${titleOf(task, role)}]`, `    ${key}:`);
      const shown = substitute(stringify(value ?? {}, { lineWidth: 0 }), step).trimEnd();
      for (const line of shown.split("\n")) lines.push(`        ${line}`);
      if (task["when"] !== undefined) lines.push(`    only when: ${substitute(stringify(task["when"]), step).trim()}`);
    }
  }
}

function titleOf(task: Task, role: string): string {
  return role === "" ? (task.name ?? "task") : `${role} : ${task.name ?? "task"}`;
}

async function renderFile(step: StepRequest, role: string, file: string, lines: string[]): Promise<void> {
  const tasks = z.array(taskSchema).parse(await readYaml(step, join("roles", role, "tasks", file)));
  for (const task of tasks) await renderTask(step, task, role, lines);
}

async function readYaml(step: StepRequest, path: string): Promise<unknown> {
  return parse(await readFile(join(step.bundleDir, path), "utf8"), { merge: true });
}

/** Puts plain values in place of their names, as text. Whatever else is an expression stays as it is written. */
function substitute(text: string, step: StepRequest): string {
  const values: Variables = step.variables;
  return text.replaceAll(
    /\{\{ (values|steward)\.([a-zA-Z]+)(?: \| default\([^{}]*\))? \}\}/g,
    (whole, group: string, name: string) => {
      if (group === "steward") return name === "record" ? recordDirectory(step) : whole;
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      return value === undefined ? whole : Array.isArray(value) ? value.join(", ") : String(value);
    },
  );
}
