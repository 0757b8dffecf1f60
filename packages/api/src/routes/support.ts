import { AppError } from "@steward/contracts/errors";
import { supportRoutes as routes } from "@steward/contracts/routes/support";
import { askSupport } from "@steward/control/ask-support";
import { bind } from "../bind.ts";

export const supportBindings = [
  bind(routes.askSupport, (deps, { caller, body, query, repeatable }) => {
    const { searchPassages } = deps;
    if (searchPassages === undefined) throw new AppError("internal", "this function has no documentation to search");
    return askSupport({ ...deps, searchPassages }, caller, body, { wait: query.wait, repeatable });
  }),
];
