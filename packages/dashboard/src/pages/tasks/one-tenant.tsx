import { AppError } from "@steward/contracts/errors";
import { Problem } from "../../ui/problem.tsx";

const whose = new AppError("tenant_required", "tasks belong to one tenant");

/** The API would ask whose tasks are meant: asked before it is. */
export function OneTenant() {
  return <Problem error={whose} />;
}
