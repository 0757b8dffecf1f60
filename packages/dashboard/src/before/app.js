// The page: sign in, then look every two seconds while somebody looks at it.

import { element, renderBoard, setText } from "./render.js";
import { CallFailed, chooseTenant, chosenTenant, get, SignedOut, signIn, signOut } from "./session.js";
import { visible } from "./text.js";

const everyMs = 2000;
const slowestMs = 15_000;
const nodesPerPage = 200;
const mostPages = 3;
const lastTasks = 25;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let failures = 0;
/** Grows with every change of tenant or visibility: an answer to an older question is dropped. */
let round = 0;
/** @type {any[] | undefined} */
let tenants;

async function start() {
  element("sign-out").addEventListener("click", () => {
    stop();
    void signOut().then(() => showWelcome("You signed out."));
  });
  const select = tenantSelect();
  select.addEventListener("change", () => {
    chooseTenant(select.value);
    again();
  });
  document.addEventListener("visibilitychange", () => {
    if (element("board").hidden && tenants === undefined) return;
    if (document.hidden) stop();
    else again();
  });
  window.addEventListener("online", () => again());
  // A second link opened in this very tab changes only the hash, which loads nothing.
  window.addEventListener("hashchange", () => void enter());
  await enter();
}

async function enter() {
  stop();
  try {
    await signIn();
    tenants = undefined;
    again();
  } catch (error) {
    if (error instanceof SignedOut) showWelcome();
    else if (error instanceof CallFailed && error.status === 0)
      showWelcome("Steward does not answer. Is it running? Start it with npm start, then open the link again.");
    else showWelcome("The link does not work any more: each works once, for a short time. Ask for a new one.");
  }
}

function again() {
  stop();
  void look(round);
}

function stop() {
  round += 1;
  clearTimeout(timer);
}

/** @param {number} asked */
async function look(asked) {
  if (document.hidden) return;
  try {
    tenants ??= (await get("/api/v1/tenants")).items;
    const tenant = currentTenant();
    const board = await load(tenant);
    if (asked !== round) return;
    failures = 0;
    showBoard();
    renderTenants();
    renderBoard(board, Date.now());
    showPulse("live", "Live");
    timer = setTimeout(() => void look(asked), everyMs);
  } catch (error) {
    if (asked !== round) return;
    if (error instanceof SignedOut) {
      showWelcome("Your sign-in is over.");
      return;
    }
    failures += 1;
    const reached = error instanceof CallFailed && error.status !== 0;
    showPulse("lost", reached ? `Not all is well: ${visible(error.message)}` : "Connection lost, trying again");
    if (!(error instanceof CallFailed)) console.error(error);
    timer = setTimeout(() => void look(asked), Math.min(slowestMs, everyMs * 1.5 ** Math.min(failures, 10)));
  }
}

/** @param {string | undefined} tenant */
async function load(tenant) {
  const options = { tenant };
  const [nodes, tasks, queues, stats, freezes] = await Promise.all([
    loadNodes(options),
    get(`/api/v1/tasks?limit=${lastTasks}`, options),
    get("/api/v1/queue-status", options),
    get("/api/v1/stats", options),
    get("/api/v1/freeze", options),
  ]);
  return { ...nodes, tasks: tasks.items, queues, stats, freezes: freezes.items };
}

/** @param {{ tenant: string | undefined }} options */
async function loadNodes(options) {
  /** @type {any[]} */
  const nodes = [];
  let cursor;
  for (let page = 0; page < mostPages; page += 1) {
    const query = new URLSearchParams({ limit: String(nodesPerPage), ...(cursor === undefined ? {} : { cursor }) });
    const answer = await get(`/api/v1/nodes?${query}`, options);
    nodes.push(...answer.items);
    cursor = answer.cursor;
    if (cursor === undefined) break;
  }
  return { nodes, moreNodes: cursor !== undefined };
}

/** The tenant that was chosen, as long as it is one of theirs; else the first. */
function currentTenant() {
  const chosen = chosenTenant();
  const known = tenants?.find((tenant) => tenant.id === chosen) ?? tenants?.[0];
  return known?.id;
}

function renderTenants() {
  const list = tenants ?? [];
  element("tenant").hidden = list.length < 2;
  const select = tenantSelect();
  if (
    select.options.length !== list.length ||
    list.some((tenant, index) => select.options[index]?.value !== tenant.id)
  ) {
    select.replaceChildren(...list.map((tenant) => new Option(visible(tenant.name), tenant.id)));
  }
  const current = currentTenant();
  if (current !== undefined && select.value !== current) select.value = current;
}

function tenantSelect() {
  return /** @type {HTMLSelectElement} */ (element("tenant-select"));
}

function showBoard() {
  element("welcome").hidden = true;
  element("board").hidden = false;
  element("sign-out").hidden = false;
}

/** @param {string} [why] */
function showWelcome(why) {
  stop();
  tenants = undefined;
  element("board").hidden = true;
  element("sign-out").hidden = true;
  element("tenant").hidden = true;
  element("pulse").hidden = true;
  setText(element("welcome-why"), why ?? "This page opens with a link that works once.");
  element("welcome").hidden = false;
}

/**
 * @param {"live" | "lost"} state
 * @param {string} text
 */
function showPulse(state, text) {
  const pulse = element("pulse");
  pulse.hidden = false;
  pulse.dataset["state"] = state;
  document.body.dataset["state"] = state;
  setText(element("pulse-text"), text);
}

void start();
