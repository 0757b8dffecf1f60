import { enrolmentRoutes as routes } from "@steward/contracts/routes/enrolment";
import { enrolNode } from "@steward/control/enrol-node";
import { renewCertificate, renewExpired } from "@steward/control/renew-certificate";
import { bind } from "../bind.ts";
import { nodeIdentity } from "../callers.ts";

export const enrolmentBindings = [
  bind(routes.enrol, (deps, { body, requestId }) =>
    enrolNode({ ...deps, ...deps.installation, signer: deps.signers.issuer }, { ...body, requestId }),
  ),
  bind(routes.renew, (deps, { caller, body }) =>
    renewCertificate({ ...deps, ...deps.installation, signer: deps.signers.issuer }, caller, body),
  ),
  bind(routes.renewExpired, (deps, { body, requestId }) =>
    renewExpired(
      { ...deps, ...deps.installation, signer: deps.signers.issuer },
      nodeIdentity(body.certificate, {}),
      body,
      requestId,
    ),
  ),
  bind(routes.createCertificate, async (deps, { caller, body }) => {
    // Machines are what this function is for.
    const { createUserCertificate } = await import("@steward/control/user-certificates");
    return createUserCertificate({ ...deps, ...deps.installation, signer: deps.signers.issuer }, caller, body);
  }),
];
