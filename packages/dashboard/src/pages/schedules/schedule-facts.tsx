import type { ScheduleView } from "@steward/contracts/schedule";
import { Link } from "@tanstack/react-router";
import { rolloutDraftOf } from "../../plan/rollout-draft.ts";
import { blackoutWords, lateWords, overlapWords, valueWords } from "../../schedules/schedule-state.ts";
import { whenWords } from "../../schedules/when-words.ts";
import { plural, spanText } from "../../text.ts";
import { Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./schedules.module.css";

export function ScheduleFacts({ schedule }: { schedule: ScheduleView }) {
  const { definition, now } = schedule;
  const { when, late, rollout } = definition;
  return (
    <Panel title="What it does">
      <ol className={styles["steps"]}>
        {definition.steps.map(({ action, variables }, index) => (
          <li key={index} className={styles["step"]}>
            <h3>
              <Link to="/actions/$actionId" params={{ actionId: action }}>
                {action}
              </Link>
            </h3>
            {Object.keys(variables).length === 0 ? (
              <p className={styles["note"]}>Without values.</p>
            ) : (
              <Facts
                items={Object.entries(variables).map(([name, value]) => [name, <Said mono>{valueWords(value)}</Said>])}
              />
            )}
          </li>
        ))}
      </ol>
      <Facts
        items={[
          [
            "On",
            <>
              <Said>{definition.targets.join(", ")}</Said>
              {now !== undefined && (
                <span className={styles["soft"]}>
                  {" "}
                  ({plural(now.matches, "appliance matches", "appliances match")} now)
                </span>
              )}
            </>,
          ],
          ["At most", plural(definition.maxTargets, "appliance")],
          ["When", `${whenWords(when)}${"rate" in when ? "" : `, on the clocks of ${when.timeZone}`}`],
          "rate" in when ? undefined : ["Pattern", <code>{when.cron}</code>],
          definition.mode === "check" ? ["Mode", "Only shows what would change"] : undefined,
          [
            "If it is late",
            `${lateWords[late.policy]}; what is later than ${spanText(late.withinMinutes * 60)} is left out`,
          ],
          definition.jitterSeconds === 0 ? undefined : ["Spread", `by up to ${definition.jitterSeconds} s`],
          ["If the task before runs", overlapWords[definition.overlap]],
          ["In a closed window", blackoutWords[definition.blackout]],
          definition.verbosity === 0 ? undefined : ["Verbosity", String(definition.verbosity)],
          rollout === undefined ? undefined : ["Rollout", rolloutWords(rollout)],
          ["Written by", <Said>{schedule.author.name}</Said>],
          ["Changed", <Moment at={schedule.updatedAt} />],
        ]}
      />
    </Panel>
  );
}

function rolloutWords(rollout: NonNullable<ScheduleView["definition"]["rollout"]>): string {
  const draft = rolloutDraftOf(rollout);
  return [
    draft.waves === "" ? undefined : `waves ${draft.waves}`,
    draft.maxConcurrency === "" ? undefined : `${draft.maxConcurrency} at one time`,
    draft.errorBudget === "" ? undefined : `${draft.errorBudget} may fail`,
    draft.pause === "" ? undefined : `${draft.pause} between waves`,
    draft.confirmWaves === ""
      ? undefined
      : `a word after ${draft.confirmWaves === "each" ? "each wave" : "the first wave"}`,
    draft.healthGate === "" ? undefined : `${draft.healthGate} good heartbeats`,
    draft.minHealthy === "" ? undefined : `${draft.minHealthy} of each site healthy`,
    draft.undoOnFailure ? "undone where it fails" : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}
