import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

interface TokensSearch {
  /** Those that were revoked, too. */
  revoked?: true;
  /** The one that is looked at beside the list. */
  token?: string;
}

const tokensRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tokens",
  validateSearch: ({ revoked, token }: Record<string, unknown>): TokensSearch => ({
    ...(revoked === true ? { revoked } : {}),
    ...(typeof token === "string" ? { token } : {}),
  }),
  component: lazyRouteComponent(() => import("./tokens-page.tsx"), "TokensPage"),
});

export const tokensRoutes = [tokensRoute];
