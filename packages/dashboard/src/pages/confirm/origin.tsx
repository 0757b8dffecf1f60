import { auditRoutes } from "@steward/contracts/routes/audit";
import { principalRoutes } from "@steward/contracts/routes/principals";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";

/** Who did that to a machine, and when, as the trail has it. */
export function Origin({ nodeId, what }: { nodeId: string; what: string }) {
  const trail = useApi(auditRoutes.listAudit, { query: { record: nodeId, what, limit: 1 } }, { every: "once" });
  const people = useApi(principalRoutes.listPrincipals, { query: { limit: 200 } }, { every: "once" });
  if (trail.data === undefined) return trail.error === null ? "…" : "not known just now";
  const [entry] = trail.data.items;
  if (entry === undefined) return "not in the trail";
  const isPerson = entry.who.startsWith("per_");
  const name = people.data?.items.find(({ id }) => id === entry.who)?.name;
  return (
    <>
      {isPerson && (
        <>
          by <Said>{name ?? entry.who}</Said>,{" "}
        </>
      )}
      <Moment at={entry.at} />
      {entry.requestId !== undefined && (
        <>
          {" · "}
          <Link to="/audit" search={{ request: entry.requestId } as never}>
            trail
          </Link>
        </>
      )}
    </>
  );
}
