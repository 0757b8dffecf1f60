import { approveRoutes } from "@steward/contracts/routes/approve";
import { scheduleRoutes } from "@steward/contracts/routes/schedules";
import { definitionHash, type ScheduleView } from "@steward/contracts/schedule";
import { maxStandingDays } from "@steward/contracts/standing-approval";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { approvalSaid, stepsWords } from "../../schedules/schedule-state.ts";
import { whenText } from "../../schedules/when-words.ts";
import { plural, visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Facts } from "../../ui/facts.tsx";
import { NumberField } from "../../ui/fields.tsx";
import { Moment, useNow } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { useScheduleChanges } from "./use-schedule-changes.ts";
import styles from "./schedules.module.css";

const riskTones = { low: "good", medium: "wait", high: "bad" } as const;

/** A person's yes to whatever this schedule does, each time, until it ends: signed, and for exactly this content. */
export function StandingApproval({ schedule }: { schedule: ScheduleView }) {
  const { standing, now } = schedule;
  const nowMs = useNow();
  const { may, principal } = useMe();
  const { revoke, isRunning } = useScheduleChanges(schedule);
  const said = approvalSaid(schedule, nowMs);
  const needs = now?.risk === "high" ? "approver" : "operator";
  const mayApprove = principal.kind === "person" && may(needs);
  return (
    <Panel
      title="Standing approval"
      actions={
        standing !== undefined && may("operator") ? (
          <Button busy={isRunning} onClick={() => void revoke()}>
            End it
          </Button>
        ) : undefined
      }
    >
      <div className={styles["approval"]}>
        <Facts
          items={[
            ["State", <Badge tone={said.tone}>{said.text}</Badge>],
            now?.risk === undefined
              ? undefined
              : [
                  "Risk now",
                  <>
                    <Badge tone={riskTones[now.risk]}>{now.risk}</Badge>
                    {now.riskReasons.length > 0 && (
                      <>
                        {" "}
                        <Said>{now.riskReasons.join("; ")}</Said>
                      </>
                    )}
                  </>,
                ],
            now?.problem === undefined ? undefined : ["It could not run now", <Said>{now.problem}</Said>],
            standing === undefined ? undefined : ["Given by", <Said>{standing.name}</Said>],
            standing === undefined ? undefined : ["Given", <Moment at={standing.at} />],
            standing === undefined ? undefined : ["Ends", <Moment at={standing.expiresAt} />],
          ]}
        />
        <p className={styles["note"]}>{explain(schedule)}</p>
        {now?.standingHash !== undefined && now.risk !== "low" && mayApprove && (
          <Approve schedule={schedule} standingHash={now.standingHash} />
        )}
        {now?.risk === "high" && !mayApprove && may("operator") && (
          <p className={styles["note"]}>
            The risk is high: somebody with the role approver, who did not write it, approves it.
          </p>
        )}
      </div>
    </Panel>
  );
}

function explain({ now, standing }: ScheduleView): string {
  if (now?.risk === "low") return "Its risk is low: each of its tasks starts by itself.";
  if (standing !== undefined && now?.standingHash !== undefined && standing.standingHash !== now.standingHash)
    return "What it would do now is not what was approved: the content, or the release of an action, is another. Its tasks wait for a yes until somebody approves it anew.";
  if (standing !== undefined) return "Each of its tasks starts by itself, as long as it is exactly this content.";
  return "Each of its tasks waits for a yes. A standing approval is that yes in advance: for this content, these targets, and no longer than 90 days.";
}

function Approve({ schedule, standingHash }: { schedule: ScheduleView; standingHash: string }) {
  const confirm = useConfirm();
  const [days, setDays] = useState<number | undefined>(maxStandingDays);
  const approve = useChange(approveRoutes.approveSchedule, {
    quiet: true,
    refreshes: [scheduleRoutes.getSchedule, scheduleRoutes.listSchedules],
    says: `${schedule.name} has a standing approval`,
  });
  const isRight = days !== undefined && Number.isInteger(days) && days >= 1 && days <= maxStandingDays;
  const { definition, now } = schedule;
  const ask = async () => {
    if (!isRight) return;
    const yes = await confirm({
      title: `Approve ${schedule.name} for ${plural(days, "day")}?`,
      text: (
        <Facts
          items={[
            ["Each time", <Said mono>{stepsWords(definition.steps).join("; ")}</Said>],
            ["When", whenText(definition.when)],
            [
              "On",
              visible(`${definition.targets.join(", ")}, at most ${definition.maxTargets} (${now?.matches ?? 0} now)`),
            ],
            ["Risk", now?.risk ?? "unknown"],
          ]}
        />
      ),
      verb: "Yes, each time",
    });
    if (!yes) return;
    // The hash is made of what is shown here, not taken from beside it.
    const body = { standingHash, definitionHash: definitionHash(schedule), days };
    await approve.run({ params: { scheduleId: schedule.id }, body });
  };
  return (
    <>
      <div className={styles["approve"]}>
        <NumberField
          label="For so many days"
          value={days}
          onChange={setDays}
          min={1}
          max={maxStandingDays}
          step={1}
          error={isRight ? undefined : `from 1 to ${maxStandingDays}`}
        />
        <Button tone="primary" icon="check" busy={approve.isRunning} disabled={!isRight} onClick={() => void ask()}>
          {schedule.standing === undefined ? "Approve" : "Approve anew"}
        </Button>
      </div>
      <FieldProblems error={approve.error} />
    </>
  );
}
