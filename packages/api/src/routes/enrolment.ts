import { enrolmentRoutes as routes } from "@steward/contracts/routes/enrolment";
import { enrolNode } from "@steward/control/enrol-node";
import { renewCertificate, renewExpired } from "@steward/control/renew-certificate";
import { createUserCertificate } from "@steward/control/user-certificates";
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
  bind(routes.createCertificate, (deps, { caller, body }) =>
    createUserCertificate({ ...deps, ...deps.installation, signer: deps.signers.issuer }, caller, body),
  ),
];
