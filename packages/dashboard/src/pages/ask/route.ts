import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

export interface AskSearch {
  /** What is wished for. */
  q?: string;
  /** Where: selectors, by comma. */
  on?: string;
  kind?: "question";
  /** What it has become. */
  task?: string;
}

function text(value: unknown, most: number): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, most) : undefined;
}

const askRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ask",
  validateSearch: (search: Record<string, unknown>): AskSearch => {
    const q = text(search["q"], 2_000);
    const on = text(search["on"], 4_000);
    const task = text(search["task"], 40);
    return {
      ...(q === undefined ? {} : { q }),
      ...(on === undefined ? {} : { on }),
      ...(search["kind"] === "question" ? { kind: "question" as const } : {}),
      ...(task !== undefined && /^tsk_[0-9a-z]{26}$/.test(task) ? { task } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./ask-page.tsx"), "AskPage"),
});

export const askRoutes = [askRoute];
