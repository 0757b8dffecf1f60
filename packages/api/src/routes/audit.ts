import { auditRoutes as routes } from "@steward/contracts/routes/audit";
import { listAudit, listSeals } from "@steward/control/view-audit";
import { bind } from "../bind.ts";

export const auditBindings = [
  bind(routes.listAudit, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { cursor: _cursor, ...rest } = query;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const { items, after } = await listAudit(deps, caller, {
      ...given,
      limit: query.limit,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.listSeals, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const from = page.after === undefined ? (query.from ?? 1) : Number(page.after) + 1;
    const { after, ...answer } = await listSeals({ ...deps, ...deps.installation }, caller, {
      from,
      limit: query.limit,
      show: query.show,
    });
    return { ...answer, ...page.next(after) };
  }),
];
