import { tenantRoutes } from "@steward/contracts/routes/tenants";
import type { TenantDetails } from "@steward/contracts/tenant";
import { useEffect, useRef, useState } from "react";
import { call } from "../../api/caller.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { downloadBlob, fileName } from "../../ui/exports.ts";
import { Progress } from "../../ui/meter.tsx";
import { Panel } from "../../ui/page.tsx";
import { toast } from "../../ui/toast.tsx";
import { exportLines } from "./export-lines.ts";
import styles from "./tenants.module.css";

/** Everything that is recorded of a tenant, as a file with one JSON document a line. */
export function ExportPanel({ tenant }: { tenant: TenantDetails }) {
  const [records, setRecords] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  // Whoever leaves the page leaves the export.
  useEffect(() => () => stop.current?.abort(), []);

  const run = async () => {
    const controller = new AbortController();
    stop.current = controller;
    const { signal } = controller;
    setRecords(0);
    try {
      const lines = await exportLines(
        (cursor) =>
          call(tenantRoutes.exportTenant, {
            params: { tenantId: tenant.id },
            query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
            signal,
          }),
        { onProgress: setRecords, signal },
      );
      downloadBlob(fileName(tenant.id, "ndjson", new Date()), new Blob(lines, { type: "application/x-ndjson" }));
      toast.say(`${lines.length.toLocaleString("en")} records are exported.`);
    } catch (error) {
      if (!signal.aborted) toast.fail(error);
    } finally {
      setRecords(undefined);
    }
  };
  return (
    <Panel title="Export">
      <div className={styles["form"]}>
        <p className={styles["soft"]}>
          Every record of this tenant, one JSON document a line, without what proves something (hashes of tokens and
          secrets). What changes meanwhile is there as it was when it was read.
        </p>
        {records === undefined ? (
          <div>
            <Button icon="download" onClick={() => void run()}>
              Export everything
            </Button>
          </div>
        ) : (
          <div className={styles["form"]}>
            <Progress label="Export" />
            <p role="status">{records.toLocaleString("en")} records so far</p>
            <div>
              <Button onClick={() => stop.current?.abort()}>Stop</Button>
            </div>
          </div>
        )}
        <p className={styles["soft"]}>
          A large tenant is better exported on a terminal, which keeps nothing in memory:
        </p>
        <Copy text={`steward tenant export ${tenant.id} --to ${tenant.id}.ndjson`} label="Copy the command" />
      </div>
    </Panel>
  );
}
