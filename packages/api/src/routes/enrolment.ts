import { enrolmentRoutes as routes } from "@steward/contracts/routes/enrolment";
import { enrolNode } from "@steward/control/enrol-node";
import { renewCertificate } from "@steward/control/renew-certificate";
import { bind } from "../bind.ts";

export const enrolmentBindings = [
  bind(routes.enrol, (deps, { body }) =>
    enrolNode({ ...deps, ...deps.installation, signer: deps.signers.issuer }, body),
  ),
  bind(routes.renew, (deps, { caller, body }) =>
    renewCertificate({ ...deps, ...deps.installation, signer: deps.signers.issuer }, caller, body),
  ),
];
