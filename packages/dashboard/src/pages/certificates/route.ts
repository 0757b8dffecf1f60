import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

interface CertificatesSearch {
  /** Only machines', or people's. */
  of?: "node" | "user";
  status?: "valid" | "expired" | "revoked";
  /** Only those of machines that should have been renewed. */
  expiring?: true;
  /** Only those of this machine or person. */
  holder?: string;
  /** The one that is open. */
  certificate?: string;
  q?: string;
  sort?: string;
  columns?: string;
}

const kinds = ["node", "user"] as const;
const statuses = ["valid", "expired", "revoked"] as const;

const certificatesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/certificates",
  validateSearch: (search: Record<string, unknown>): CertificatesSearch => {
    const found: CertificatesSearch = {};
    const of = kinds.find((one) => one === search["of"]);
    const status = statuses.find((one) => one === search["status"]);
    if (of !== undefined) found.of = of;
    if (status !== undefined) found.status = status;
    if (search["expiring"] === true) found.expiring = true;
    for (const name of ["holder", "certificate", "q", "sort", "columns"] as const) {
      const value = search[name];
      if (typeof value === "string" && value !== "") found[name] = value.slice(0, 100);
    }
    return found;
  },
  component: lazyRouteComponent(() => import("./certificates-page.tsx"), "CertificatesPage"),
});

export const certificatesRoutes = [certificatesRoute];
