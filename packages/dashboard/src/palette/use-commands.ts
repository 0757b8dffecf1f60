import { holdsSecret } from "@steward/contracts/redact";
import { overviewRoutes } from "@steward/contracts/routes/overview";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { useMemo } from "react";
import { useApi } from "../api/use-api.ts";
import { mentioned, type Place, placeWord } from "../ask/places.ts";
import { useNodes } from "../ask/use-places.ts";
import type { Me } from "../me/use-me.ts";
import { namesText, titleOf } from "../plan/plan-text.ts";
import { sections } from "../shell/navigation.ts";
import { taskTerms, termOf } from "../text.ts";
import type { IconName } from "../ui/icon.tsx";
import { type Entry, idIn, looksLikeQuestion, looksLikeWish, ranked } from "./rank.ts";

/** Where an entry leads: what the router is told. */
export interface Command extends Entry {
  icon: IconName;
  to: { to: string; params?: Record<string, string>; search?: Record<string, unknown> };
  /** Its plan is made at once; then it leads there with it. */
  submit?: { instruction: string; targets: string[] };
}

const perGroup = 6;

/** What can be done with what was typed: ask for it, or go there. */
export function useCommands(typed: string, me: Me): { commands: Command[]; note?: string } {
  const inTenant = me.tenantId !== undefined;
  const wanted = typed.trim();
  const isWish = looksLikeWish(wanted);
  const { nodes, error } = useNodes(isWish ? placeWord(wanted) : wanted, inTenant && wanted.length >= 2);
  const tasks = useApi(taskRoutes.listTasks, { query: { limit: 50 } }, { every: "background", enabled: inTenant });
  const actions = useApi(overviewRoutes.listActions, {}, { every: "once", enabled: inTenant });
  const pages = useMemo(() => pageCommands(me), [me]);
  return useMemo(() => {
    const entries: Command[] = [
      ...pages,
      ...(wanted.length >= 2 && !isWish
        ? nodes.map(
            ({ id, name, tags }): Command => ({
              id,
              group: "Appliances",
              title: name,
              detail: tags.join(" "),
              words: [id],
              icon: "appliances",
              to: { to: "/appliances/$nodeId", params: { nodeId: id } },
            }),
          )
        : []),
      ...(actions.data?.items ?? []).map(
        ({ id, title, examples }): Command => ({
          id,
          group: "Actions",
          title,
          detail: id,
          words: examples,
          icon: "actions",
          to: { to: "/actions/$actionId", params: { actionId: id } },
        }),
      ),
      ...(tasks.data?.items ?? []).map(
        (task): Command => ({
          id: task.id,
          group: "Tasks",
          title: titleOf(task),
          detail: termOf(taskTerms, task.status).text,
          words: [task.id, ...task.targets.map(({ name }) => name)],
          icon: "tasks",
          to: { to: "/tasks/$taskId", params: { taskId: task.id } },
        }),
      ),
    ];
    const found = ranked(
      wanted,
      wanted === "" ? entries.filter(({ group }) => group !== "Actions") : entries,
      wanted === "" ? 30 : perGroup,
    );
    const asks = askCommands(wanted, me, mentioned(wanted, nodes));
    const first = isWish || looksLikeQuestion(wanted) || found.length === 0;
    const commands = [...byId(wanted), ...(first ? [...asks, ...found] : [...found, ...asks])];
    return { commands, ...(error === null ? {} : { note: "Appliances cannot be searched just now." }) };
  }, [wanted, isWish, me, pages, nodes, tasks.data, actions.data, error]);
}

function pageCommands(me: Me): Command[] {
  return sections.flatMap(({ items }) =>
    items
      .filter(({ role, staff }) => (role === undefined || me.may(role)) && (staff !== true || me.isStaff))
      .map(
        ({ to, label, icon }): Command => ({
          id: to,
          group: "Go to",
          title: to === "/" && me.isStaff ? "Overview" : label,
          icon,
          to: { to },
        }),
      ),
  );
}

/** A wish or a question, taken along to where its targets are chosen and its plan comes. */
function askCommands(wanted: string, me: Me, places: readonly Place[]): Command[] {
  if (wanted.length < 3) return [];
  const selectors = places.map(({ selector }) => selector);
  const on = selectors.length === 0 ? {} : { on: selectors.join(",") };
  const change: Command = {
    id: "ask",
    group: "Ask",
    title: `Do this: ${wanted}`,
    detail:
      places.length === 0
        ? "shows its plan first"
        : `shows its plan for ${namesText(places.map(({ label }) => label))}`,
    icon: "ask",
    to: { to: "/ask", search: { q: wanted, ...on } },
    ...(places.length === 0 || holdsSecret(wanted) ? {} : { submit: { instruction: wanted, targets: selectors } }),
  };
  const question: Command = {
    id: "question",
    group: "Ask",
    title: `Answer this: ${wanted}`,
    detail: "changes nothing",
    icon: "info",
    to: { to: "/ask", search: { q: wanted, kind: "question", ...on } },
  };
  if (!me.may("operator")) return [question];
  return looksLikeQuestion(wanted) ? [question, change] : [change, question];
}

const pagesOfIds = {
  task: { to: "/tasks/$taskId", param: "taskId", icon: "tasks" },
  appliance: { to: "/appliances/$nodeId", param: "nodeId", icon: "appliances" },
  worker: { to: "/workers/$nodeId", param: "nodeId", icon: "workers" },
  schedule: { to: "/schedules/$scheduleId", param: "scheduleId", icon: "schedules" },
} as const;

/** A pasted id leads there, whether or not it is in one of the lists. */
function byId(wanted: string): Command[] {
  const known = idIn(wanted);
  if (known === undefined) return [];
  const { to, param, icon } = pagesOfIds[known.kind];
  return [
    {
      id: "id",
      group: "Go to",
      title: `The ${known.kind} ${known.id}`,
      icon,
      to: { to, params: { [param]: known.id } },
    },
  ];
}
