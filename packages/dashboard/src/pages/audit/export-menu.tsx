import { auditRoutes } from "@steward/contracts/routes/audit";
import { useState } from "react";
import { call } from "../../api/caller.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { downloadText } from "../../ui/exports.ts";
import { Menu } from "../../ui/menu.tsx";
import { toast } from "../../ui/toast.tsx";
import type { AuditFilters } from "./route.ts";
import { entryPages, sealPages } from "./trail-pages.ts";

/** The whole of it as files, in the form that `steward audit verify --entries … --seals …` takes. */
export function ExportMenu({ filters }: { filters: AuditFilters }) {
  const { tenantId } = useMe();
  const [isRunning, setIsRunning] = useState(false);
  const save = async (name: string, lines: () => AsyncGenerator<unknown>) => {
    setIsRunning(true);
    try {
      const parts: string[] = [];
      for await (const line of lines()) parts.push(JSON.stringify(line));
      downloadText(name, "ndjson", parts.map((part) => `${part}\n`).join(""));
    } catch (error) {
      toast.fail(error);
    } finally {
      setIsRunning(false);
    }
  };
  const entries = async function* () {
    for await (const items of entryPages((query) => call(auditRoutes.listAudit, { query: { ...filters, ...query } })))
      yield* items;
  };
  const seals = async function* () {
    let isFirst = true;
    for await (const { items, trust, rootPublicKey } of sealPages((query) => call(auditRoutes.listSeals, { query }))) {
      if (isFirst) yield { trust, rootPublicKey, tenantId };
      isFirst = false;
      yield* items;
    }
  };
  return (
    <Menu
      label="Export"
      trigger={
        <Button icon="download" busy={isRunning}>
          Export
        </Button>
      }
      items={[
        { label: "All entries, as NDJSON", onSelect: () => void save("audit-entries", entries) },
        { label: "All seals with proofs, as NDJSON", onSelect: () => void save("audit-seals", seals) },
      ]}
    />
  );
}
