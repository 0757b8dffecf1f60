import { parse } from "yaml";

/**
 * The modules that an appliance's pinned Ansible runs for us: those of ansible.builtin that say what they do. `shell`,
 * `raw` and `script` are missing on purpose, and so is everything that needs a collection (see requirements.yml).
 */
export const pinnedModules: ReadonlySet<string> = new Set(
  (
    "apt assert blockinfile command copy debug fail file find getent group import_role import_tasks include_role " +
    "include_tasks lineinfile meta package_facts ping replace service service_facts set_fact set_stats setup slurp " +
    "stat tempfile template user wait_for"
  )
    .split(" ")
    .map((name) => `ansible.builtin.${name}`),
);

/** Keys of a task that are not its module. `check_mode` and `local_action` are missing on purpose. */
const taskKeywords: ReadonlySet<string> = new Set(
  (
    "always args become become_user block changed_when delay diff environment failed_when ignore_errors listen loop " +
    "loop_control name no_log notify register rescue retries tags throttle timeout until vars when"
  ).split(" "),
);
const taskLists = ["tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"] as const;

export interface Content {
  modules: Set<string>;
  roles: Set<string>;
}

/**
 * Which modules and roles a playbook or a list of tasks uses. `where` is for errors, which are thrown for anything
 * that cannot be known from reading: a role's name that is a template, a key that is neither a keyword nor a module.
 */
export function contentOf(text: string, where: string): Content {
  const content: Content = { modules: new Set(), roles: new Set() };
  const document: unknown = parse(text, { merge: true });
  if (document === null || document === undefined) return content;
  if (!Array.isArray(document)) throw new Error(`${where}: is not a list of plays or tasks`);
  for (const entry of document) {
    if (isRecord(entry) && "hosts" in entry) readPlay(entry, where, content);
    else readTask(entry, where, content);
  }
  return content;
}

function readPlay(play: Record<string, unknown>, where: string, content: Content): void {
  for (const role of listOf(play["roles"])) {
    content.roles.add(roleName(isRecord(role) ? (role["role"] ?? role["name"]) : role, where));
  }
  for (const list of taskLists) for (const task of listOf(play[list])) readTask(task, where, content);
}

function readTask(task: unknown, where: string, content: Content): void {
  if (!isRecord(task)) throw new Error(`${where}: a task is not a mapping`);
  const place = `${where}: ${JSON.stringify(task["name"] ?? "a task without a name")}`;
  for (const list of taskLists) for (const inner of listOf(task[list])) readTask(inner, where, content);
  for (const [key, value] of Object.entries(task)) {
    if (taskKeywords.has(key)) continue;
    if (!key.includes(".")) throw new Error(`${place} uses ${key}, which is no module with its full name`);
    content.modules.add(key);
    if (key === "ansible.builtin.import_role" || key === "ansible.builtin.include_role") {
      content.roles.add(roleName(isRecord(value) ? value["name"] : undefined, place));
    }
  }
}

function roleName(value: unknown, where: string): string {
  if (typeof value !== "string" || !/^[a-z][a-z0-9_]*$/.test(value)) {
    throw new Error(`${where}: a role has to be named outright, not ${JSON.stringify(value)}`);
  }
  return value;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
