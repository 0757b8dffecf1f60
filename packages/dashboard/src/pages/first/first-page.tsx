import { lazy } from "react";
import { useMe } from "../../me/use-me.ts";

const HomePage = lazy(async () => ({ default: (await import("../home/home-page.tsx")).HomePage }));
const OverviewPage = lazy(async () => ({ default: (await import("../overview/overview-page.tsx")).OverviewPage }));

/** What the first page is: the fleet for who runs fleets, and what they asked for to everybody else. */
export function FirstPage() {
  return useMe().isStaff ? <OverviewPage /> : <HomePage />;
}
