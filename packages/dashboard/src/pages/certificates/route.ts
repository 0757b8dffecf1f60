import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const certificatesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/certificates",
  component: lazyRouteComponent(() => import("./certificates-page.tsx"), "CertificatesPage"),
});

export const certificatesRoutes = [certificatesRoute];
