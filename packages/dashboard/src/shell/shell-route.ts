import { createRootRoute, retainSearchParams } from "@tanstack/react-router";
import { Crash } from "./crash.tsx";
import { NotFound } from "./not-found.tsx";
import { Shell } from "./shell.tsx";

interface ShellSearch {
  /** Whose page it is, for who may see several tenants. Goes from page to page. */
  tenant?: string;
}

export const shellRoute = createRootRoute({
  validateSearch: (search: Record<string, unknown>): ShellSearch =>
    typeof search["tenant"] === "string" && search["tenant"] !== "" ? { tenant: search["tenant"] } : {},
  search: { middlewares: [retainSearchParams(["tenant"])] },
  component: Shell,
  errorComponent: Crash,
  notFoundComponent: NotFound,
});
