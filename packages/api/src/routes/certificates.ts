import { certificateRoutes as routes } from "@steward/contracts/routes/certificates";
import { getTenantCertificate, listTenantCertificates, revokeUserCertificate } from "@steward/control/certificates";
import { bind } from "../bind.ts";

export const certificateBindings = [
  bind(routes.listCertificates, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { cursor: _cursor, ...filters } = query;
    const { items, after } = await listTenantCertificates(deps, caller, { ...filters, after: page.after });
    return { items, ...page.next(after) };
  }),
  bind(routes.getCertificate, (deps, { caller, params }) => getTenantCertificate(deps, caller, params)),
  bind(routes.revokeCertificate, async (deps, { caller, params }) => {
    await revokeUserCertificate(deps, caller, params);
  }),
];
