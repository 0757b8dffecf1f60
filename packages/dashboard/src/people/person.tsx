import { principalRoutes } from "@steward/contracts/routes/principals";
import { useMemo } from "react";
import { useApiPages } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { Said } from "../ui/said.tsx";

/** What the people of this tenant are called, by their ids. Only admins are told; to others an id stays an id. */
export function useNames(): ReadonlyMap<string, string> {
  const { may, tenantId, principal } = useMe();
  const people = useApiPages(
    principalRoutes.listPrincipals,
    { query: { limit: 200 } },
    { every: "once", enabled: may("admin") && tenantId !== undefined },
  );
  const { items } = people;
  return useMemo(
    () => new Map([...items.map(({ id, name }) => [id, name] as const), [principal.id, principal.name]]),
    [items, principal],
  );
}

export function Person({ id }: { id: string }) {
  const name = useNames().get(id);
  return name === undefined ? (
    <Said mono>{id}</Said>
  ) : (
    <span title={id}>
      <Said>{name}</Said>
    </span>
  );
}
