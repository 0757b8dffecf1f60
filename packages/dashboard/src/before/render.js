// From answers of the API to elements. Everything that a person or a machine said goes through `textContent`; lists
// are patched by key, so that focus, selection and scrolling survive a refresh.

import { ago, byHealth, queueTitle, targetsText, taskNote, taskStatuses, taskTitle, visible } from "./text.js";

/** The largest fleet that is drawn whole; more are counted. */
const mostNodes = 600;
const shownTags = 3;

/**
 * @typedef {object} Board
 * @property {any[]} nodes appliances and workers
 * @property {boolean} moreNodes
 * @property {any[]} tasks newest first
 * @property {{ queues: any[], workers: any[] }} queues
 * @property {any} stats
 * @property {any[]} freezes
 */

/**
 * @param {Board} board
 * @param {number} nowMs
 */
export function renderBoard(board, nowMs) {
  renderNotices(board);
  renderFigures(board);
  renderFleet(board, nowMs);
  renderTasks(board.tasks, nowMs);
  renderLanes(board.queues);
}

/** @param {Board} board */
function renderNotices({ freezes, nodes }) {
  const notices = freezes.map((freeze) => ({
    key: freeze.id,
    tone: "ice",
    text: `Frozen until ${new Date(freeze.until).toLocaleString()}: ${visible(freeze.reason)}`,
  }));
  const appliances = nodes.filter((node) => node.kind === "appliance");
  if (appliances.length > 0 && appliances.every((node) => node.executor === "simulate")) {
    notices.push({ key: "simulate", tone: "mock", text: "Simulating: runs change nothing on these appliances." });
  }
  patch(
    element("notices"),
    notices,
    (notice) => notice.key,
    () => make("p", "notice"),
    (item, notice) => {
      item.dataset["tone"] = notice.tone;
      setText(item, notice.text);
    },
  );
}

/** @param {Board} board */
function renderFigures({ stats, nodes }) {
  const counts = stats.nodes;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const unwell = total - (counts.healthy ?? 0);
  const figures = [
    {
      key: "well",
      value: `${counts.healthy ?? 0}`,
      of: ` of ${total}`,
      label: "machines healthy",
      tone: unwell === 0 && total > 0 ? "good" : "still",
    },
    {
      key: "unwell",
      value: `${unwell}`,
      of: "",
      label: "need a look",
      tone: (counts.critical ?? 0) > 0 ? "bad" : unwell > 0 ? "wait" : "still",
    },
    {
      key: "active",
      value: `${stats.tasks.active}`,
      of: "",
      label: "tasks under way",
      tone: stats.tasks.active > 0 ? "busy" : "still",
    },
    {
      key: "mine",
      value: `${stats.tasks.waitingForMe}`,
      of: "",
      label: "wait for you",
      tone: stats.tasks.waitingForMe > 0 ? "wait" : "still",
    },
  ];
  document.title = `${stats.tasks.waitingForMe > 0 ? `(${stats.tasks.waitingForMe}) ` : ""}Steward`;
  patch(
    element("figures"),
    nodes.length === 0 && total === 0 ? figures.slice(2) : figures,
    (figure) => figure.key,
    () => {
      const item = make("div", "figure");
      const value = make("p", "figure-value");
      value.append(make("span"), make("small"));
      item.append(value, make("p", "figure-label"));
      return item;
    },
    (item, figure) => {
      item.dataset["tone"] = figure.tone;
      setText(part(item, ".figure-value span"), figure.value);
      setText(part(item, ".figure-value small"), figure.of);
      setText(part(item, ".figure-label"), figure.label);
    },
  );
}

/**
 * @param {Board} board
 * @param {number} nowMs
 */
function renderFleet({ nodes, moreNodes }, nowMs) {
  const appliances = byHealth(nodes.filter((node) => node.kind === "appliance"));
  const list = element("fleet");
  list.dataset["dense"] = String(appliances.length > 60);
  setText(
    element("fleet-summary"),
    appliances.length === 0
      ? ""
      : `${appliances.length}${moreNodes ? "+" : ""} ${appliances.length === 1 ? "appliance" : "appliances"}, the worst first`,
  );
  patch(
    list,
    appliances.length === 0 ? [undefined] : appliances.slice(0, mostNodes),
    (node) => node?.id ?? "empty",
    (node) =>
      node === undefined ? emptyItem("No appliances yet. Enrol one:", "steward appliances enroll <name>") : nodeItem(),
    (item, node) => {
      if (node !== undefined) fillNode(item, node, nowMs);
    },
  );
}

function nodeItem() {
  const item = make("li", "node");
  const head = make("div", "node-head");
  const dot = make("span", "dot");
  dot.setAttribute("aria-hidden", "true");
  head.append(dot, make("strong", "node-name"), make("span", "node-health"));
  const meta = make("div", "node-meta");
  meta.append(make("span", "node-seen"), make("span", "node-note"));
  item.append(head, meta, make("div", "tags"));
  return item;
}

/**
 * @param {HTMLElement} item
 * @param {any} node
 * @param {number} nowMs
 */
function fillNode(item, node, nowMs) {
  item.dataset["health"] = node.health;
  const seen = node.lastSeenAt === undefined ? "never seen" : `seen ${ago(node.lastSeenAt, nowMs)}`;
  // A dense grid has no room for it.
  item.title = `${visible(node.name)}: ${node.health}, ${seen}`;
  setText(part(item, ".node-name"), visible(node.name));
  setText(part(item, ".node-health"), node.health);
  setText(part(item, ".node-seen"), seen);
  setText(part(item, ".node-note"), nodeNote(node));
  const tags = node.tags.slice(0, shownTags).map(visible);
  if (node.tags.length > shownTags) tags.push(`+${node.tags.length - shownTags}`);
  patch(
    part(item, ".tags"),
    tags,
    (tag) => tag,
    () => make("span", "tag"),
    setText,
  );
}

/** @param {any} node */
function nodeNote(node) {
  if (node.revokedAt !== undefined) return "revoked";
  if (node.quarantinedAt !== undefined) return "in quarantine";
  if (!node.confirmed) return "not confirmed";
  if (node.metrics === undefined || node.health === "offline") return "";
  const { cpuPercent, memoryPercent, diskPercent } = node.metrics;
  const disk = { name: "disk", percent: diskPercent, critical: 90 };
  if (node.health === "healthy") return `disk ${Math.round(diskPercent)} %`;
  // What is nearest to its limit is most likely why.
  const why = [
    { name: "cpu", percent: cpuPercent, critical: 95 },
    { name: "memory", percent: memoryPercent, critical: 95 },
  ].reduce((most, one) => (one.percent / one.critical > most.percent / most.critical ? one : most), disk);
  return `${why.name} ${Math.round(why.percent)} %`;
}

/**
 * @param {any[]} tasks
 * @param {number} nowMs
 */
function renderTasks(tasks, nowMs) {
  const waiting = tasks.filter((task) => task.status === "awaiting_approval" || task.status === "needs_input").length;
  setText(element("tasks-summary"), waiting === 0 ? "" : `${waiting} ${waiting === 1 ? "waits" : "wait"} for a person`);
  patch(
    element("tasks"),
    tasks.length === 0 ? [undefined] : tasks,
    (task) => task?.id ?? "empty",
    (task) =>
      task === undefined
        ? emptyItem("No tasks yet. Ask for something:", 'steward ask "add user john" --on <appliance>')
        : taskItem(),
    (item, task) => {
      if (task !== undefined) fillTask(item, task, nowMs);
    },
  );
}

function taskItem() {
  const item = make("li", "task");
  const head = make("div", "task-head");
  head.append(make("span", "status"), make("strong", "task-title"));
  const meta = make("p", "task-meta");
  item.append(head, make("p", "task-note"), meta);
  return item;
}

/**
 * @param {HTMLElement} item
 * @param {any} task
 * @param {number} nowMs
 */
function fillTask(item, task, nowMs) {
  const status = taskStatuses[/** @type {keyof typeof taskStatuses} */ (task.status)] ?? {
    text: visible(task.status),
    tone: "still",
  };
  item.dataset["tone"] = status.tone;
  setText(
    part(item, ".status"),
    task.kind === "action" && task.mode === "check" ? `${status.text} · check` : status.text,
  );
  setText(part(item, ".task-title"), taskTitle(task));
  const note = part(item, ".task-note");
  note.classList.toggle("command", task.status === "awaiting_approval");
  setText(note, taskNote(task));
  const on = targetsText(task.targets);
  setText(
    part(item, ".task-meta"),
    [on === "" ? "" : `on ${on}`, `by ${visible(task.requestedBy.name)}`, ago(task.createdAt, nowMs)]
      .filter((text) => text !== "")
      .join(" · "),
  );
}

/** @param {{ queues: any[], workers: any[] }} status */
function renderLanes({ queues, workers }) {
  const queued = queues.reduce((sum, queue) => sum + queue.queued, 0);
  setText(element("lanes-summary"), queued === 0 ? "nothing waits" : `${queued} waiting`);
  const deepest = Math.max(10, ...queues.map((queue) => queue.queued + queue.inFlight));
  patch(
    element("lanes"),
    queues,
    (queue) => queue.name,
    () => {
      const item = make("li", "lane");
      const bar = document.createElement("meter");
      bar.className = "bar";
      item.append(make("span", "lane-name"), bar, make("span", "lane-counts"));
      return item;
    },
    (item, queue) => {
      item.dataset["dead"] = String(queue.deadLetters > 0);
      setText(part(item, ".lane-name"), queueTitle(queue.name));
      const bar = /** @type {HTMLMeterElement} */ (part(item, ".bar"));
      bar.max = deepest;
      bar.value = queue.queued + queue.inFlight;
      bar.setAttribute("aria-label", `${queueTitle(queue.name)}: depth`);
      const dead = queue.deadLetters > 0 ? `, ${queue.deadLetters} dead` : "";
      setText(part(item, ".lane-counts"), `${queue.queued} queued, ${queue.inFlight} in flight${dead}`);
    },
  );
  patch(
    element("workers"),
    workers.length === 0 ? [undefined] : workers,
    (worker) => worker?.id ?? "empty",
    (worker) => {
      if (worker === undefined) return emptyItem("No workers: what needs a model waits.", "");
      const item = make("li", "worker");
      const dot = make("span", "dot");
      dot.setAttribute("aria-hidden", "true");
      item.append(dot, make("strong"), make("span", "slots"), make("span", "worker-text"));
      return item;
    },
    (item, worker) => {
      if (worker === undefined) return;
      item.dataset["health"] = worker.health;
      setText(part(item, "strong"), visible(worker.name));
      const slots = Array.from({ length: Math.min(worker.slots, 32) }, (_, index) => ({
        index,
        used: index < worker.used,
      }));
      patch(
        part(item, ".slots"),
        slots,
        (slot) => String(slot.index),
        () => make("i", "slot"),
        (mark, slot) => {
          mark.dataset["used"] = String(slot.used);
        },
      );
      part(item, ".slots").setAttribute("aria-hidden", "true");
      const models = worker.models.map(visible).join(", ");
      setText(
        part(item, ".worker-text"),
        `${worker.used} of ${worker.slots} slots in use${models === "" ? ", no model" : ` · ${models}`}`,
      );
    },
  );
}

/**
 * @param {string} text
 * @param {string} command
 */
function emptyItem(text, command) {
  const item = make("li", "empty");
  item.append(text);
  if (command !== "") {
    const code = make("code");
    code.textContent = command;
    item.append(" ", code);
  }
  return item;
}

/**
 * Makes `parent`'s children match `items`: those with a known key are kept and filled anew, others made or removed.
 * @template Item
 * @param {HTMLElement} parent
 * @param {readonly Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => HTMLElement} create
 * @param {(child: HTMLElement, item: any) => void} fill
 */
function patch(parent, items, keyOf, create, fill) {
  /** @type {Map<string | undefined, HTMLElement>} */
  const known = new Map();
  for (const child of /** @type {Iterable<HTMLElement>} */ (parent.children)) known.set(child.dataset["key"], child);
  /** @type {Element | null} */
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = known.get(key);
    known.delete(key);
    if (child === undefined) {
      child = create(item);
      child.dataset["key"] = key;
    }
    if (child === at) at = child.nextElementSibling;
    else parent.insertBefore(child, at);
    fill(child, item);
  }
  for (const gone of known.values()) gone.remove();
}

/**
 * Only where it differs: a text that stays is not read out again, and a selection in it survives.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * @param {string} tag
 * @param {string} [className]
 */
function make(tag, className) {
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  return made;
}

/**
 * @param {HTMLElement} item
 * @param {string} selector
 * @returns {HTMLElement}
 */
function part(item, selector) {
  const found = item.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`nothing matches ${selector}`);
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found instanceof HTMLElement) return found;
  throw new Error(`the page has no #${id}`);
}
