import { limitRoutes as routes } from "@steward/contracts/routes/limits";
import { viewLimits } from "@steward/control/view-limits";
import { bind } from "../bind.ts";

export const limitBindings = [
  bind(routes.getLimits, (deps, { caller }) => viewLimits({ ...deps, rates: deps.limiter.rates }, caller)),
];
