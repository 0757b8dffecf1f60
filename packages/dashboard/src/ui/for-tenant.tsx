import type { Role } from "@steward/contracts/roles";
import type { ReactNode } from "react";
import { useMe } from "../me/use-me.ts";
import { Empty } from "./empty.tsx";
import { WhichTenant } from "./problem.tsx";

/** What belongs to one tenant: shown once one is chosen, to whoever has the role there. Else it says what is missing. */
export function ForTenant({ needs = "viewer", children }: { needs?: Role; children: ReactNode }) {
  const me = useMe();
  if (me.tenantId === undefined) return <WhichTenant />;
  if (me.may(needs)) return children;
  return (
    <Empty title={`This needs the role ${needs}`}>
      <p>{me.role === undefined ? "You have no role here." : `Yours is ${me.role}.`} Ask one of your administrators.</p>
    </Empty>
  );
}
