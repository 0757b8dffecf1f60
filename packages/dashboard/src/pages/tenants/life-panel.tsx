import { deletionGraceDays, maxDeletionGraceDays } from "@steward/contracts/defaults";
import { tenantRoutes } from "@steward/contracts/routes/tenants";
import type { TenantDetails } from "@steward/contracts/tenant";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { NumberField, TextField } from "../../ui/fields.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import type { tenantMoves } from "./tenant-words.ts";
import styles from "./tenants.module.css";

/** Suspending, deleting, and the way back: for the provider's admins. Whoever ends something for all types its name. */
export function LifePanel({ tenant, moves }: { tenant: TenantDetails; moves: ReturnType<typeof tenantMoves> }) {
  const confirm = useConfirm();
  const [reason, setReason] = useState("");
  const [days, setDays] = useState<number | undefined>(deletionGraceDays);
  const refreshes = [tenantRoutes.getTenant, tenantRoutes.listTenants];
  const suspend = useChange(tenantRoutes.suspendTenant, { refreshes, says: "The tenant is suspended." });
  const resume = useChange(tenantRoutes.resumeTenant, { refreshes, says: "What waited goes on." });
  const remove = useChange(tenantRoutes.deleteTenant, {
    refreshes,
    says: "The tenant is deleted; it can be restored until its time is over.",
  });
  const restore = useChange(tenantRoutes.restoreTenant, { refreshes, says: "The deletion is taken back." });
  const params = { tenantId: tenant.id };
  const areDaysFine = days !== undefined && Number.isInteger(days) && days >= 0 && days <= maxDeletionGraceDays;

  const askAndSuspend = async () => {
    const text = (
      <p>
        The people of <Said>{tenant.name}</Said> can only look, and nothing starts. Its machines go on being heard. They
        are shown the reason: “<Said>{reason.trim()}</Said>”.
      </p>
    );
    const question = { title: "Suspend this tenant?", text, verb: "Suspend", danger: true, retype: tenant.name };
    if (await confirm(question)) {
      if ((await suspend.run({ params, body: { reason: reason.trim() } })) !== undefined) setReason("");
    }
  };
  const askAndDelete = async () => {
    if (!areDaysFine) return;
    const text = (
      <div className={styles["sentences"]}>
        <p>
          Nothing starts in <Said>{tenant.name}</Said> any more, and everything that is recorded of it is removed{" "}
          {days === 0 ? "now, and cannot be had back." : `in ${days} ${days === 1 ? "day" : "days"}.`}
        </p>
        <p>{days === 0 ? "There is no way back." : "Until then you can restore it here."} Export it first.</p>
      </div>
    );
    const verb = days === 0 ? "Delete for good" : "Delete";
    if (await confirm({ title: "Delete this tenant?", text, verb, danger: true, retype: tenant.name }))
      await remove.run({ params, query: { graceDays: days } });
  };

  if (!moves.suspend && !moves.resume && !moves.delete && !moves.restore) {
    return (
      <Panel title="Suspend or delete">
        <p className={styles["soft"]}>
          {tenant.status === "active"
            ? "The provider’s own tenant runs the workers of all: it stays. To stop everything, freeze it."
            : "What is recorded of it is being removed. There is no way back."}
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="Suspend or delete">
      <div className={styles["form"]}>
        {moves.restore ? (
          <div className={styles["step"]}>
            <p>
              Deleted: everything that is recorded of it is removed <Moment at={tenant.deleteAfter} />.
            </p>
            <Button tone="primary" icon="undo" busy={restore.isRunning} onClick={() => void restore.run({ params })}>
              Restore
            </Button>
          </div>
        ) : null}
        {moves.resume ? (
          <div className={styles["step"]}>
            <p>Suspended: its people can only look, and nothing starts.</p>
            <Button tone="primary" icon="play" busy={resume.isRunning} onClick={() => void resume.run({ params })}>
              Resume
            </Button>
          </div>
        ) : null}
        {moves.suspend || moves.suspendAgain ? (
          <div className={styles["step"]}>
            <TextField
              label={moves.suspend ? "Reason for suspending" : "Another reason"}
              value={reason}
              onChange={setReason}
              maxLength={500}
              hint="Shown to its people."
            />
            <Button busy={suspend.isRunning} disabled={reason.trim() === ""} onClick={() => void askAndSuspend()}>
              {moves.suspend ? "Suspend" : "Change the reason"}
            </Button>
          </div>
        ) : null}
        {moves.delete ? (
          <div className={styles["step"]}>
            <NumberField
              label="Days until it is removed"
              value={days}
              onChange={setDays}
              min={0}
              max={maxDeletionGraceDays}
              step={1}
              hint="It can be restored until then. 0: at once, for good."
              error={areDaysFine ? undefined : `must be a whole number from 0 to ${maxDeletionGraceDays}`}
            />
            <Button tone="danger" busy={remove.isRunning} disabled={!areDaysFine} onClick={() => void askAndDelete()}>
              {moves.restore ? "Delete at another time" : "Delete"}
            </Button>
          </div>
        ) : null}
      </div>
    </Panel>
  );
}
