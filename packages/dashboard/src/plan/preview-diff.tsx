import type { PreviewView } from "@steward/contracts/preview";
import { taskHasEnded } from "@steward/contracts/states";
import { useState } from "react";
import { plural, runTerms, termOf, visible } from "../text.ts";
import { Badge, Status } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Progress } from "../ui/meter.tsx";
import { Moment } from "../ui/moment.tsx";
import { Said } from "../ui/said.tsx";
import { diffCounts, type DiffLine, diffLines } from "./diff-lines.ts";
import { namesText } from "./plan-text.ts";
import styles from "./preview-diff.module.css";

type Group = PreviewView["groups"][number];
type Step = Group["steps"][number];

/** What a plan would change: appliances on which it is the very same stand together, with the lines below them. */
export function PreviewDiff({ preview }: { preview: PreviewView }) {
  const answered = preview.groups.reduce((sum, { count }) => sum + count, 0);
  const open = preview.appliances - answered;
  const ended = taskHasEnded(preview.status);
  return (
    <div className={styles["preview"]}>
      <p className={styles["when"]}>
        {ended ? "Looked at" : "Begun"} <Moment at={preview.endedAt ?? preview.startedAt} />. Nothing was changed.
      </p>
      {!ended && (
        <Progress
          label={`Looking what would change: ${answered} of ${preview.appliances} appliances`}
          value={answered}
          max={preview.appliances}
        />
      )}
      {preview.groups.map((group, index) => (
        <GroupDiff key={index} group={group} all={preview.appliances} />
      ))}
      {preview.moreGroups > 0 && (
        <p className={styles["note"]}>
          And {plural(preview.moreGroups, "more kind")} of change, shown one by one at the preview’s own task.
        </p>
      )}
      {ended && preview.moreGroups === 0 && open > 0 && (
        <p className={styles["missing"]}>
          <Icon name="warn" size={14} /> {open} of {plural(preview.appliances, "appliance")} did not answer: what would
          change there is not known.
        </p>
      )}
    </div>
  );
}

function GroupDiff({ group, all }: { group: Group; all: number }) {
  const who =
    group.count === all && all > 3
      ? `All ${all} appliances`
      : namesText(
          group.appliances.map(({ name }) => visible(name)),
          group.count,
          6,
        );
  return (
    <section className={styles["group"]}>
      <h3 className={styles["who"]}>
        {group.count > 1 && group.count !== all && <span className={styles["count"]}>{group.count} × the same</span>}
        <bdi>{who}</bdi>
        {group.status !== "succeeded" && <Status of={termOf(runTerms, group.status)} />}
      </h3>
      {group.reason !== undefined && (
        <p className={styles["bad"]}>
          <Said>{group.reason}</Said>
        </p>
      )}
      {group.status === "simulated" && (
        <p className={styles["missing"]}>Simulated: what would change here cannot be told.</p>
      )}
      {group.steps.map((step, index) => (
        <StepDiff key={index} step={step} />
      ))}
    </section>
  );
}

function StepDiff({ step }: { step: Step }) {
  if (step.status === "simulated") return null;
  const text =
    step.status === "skipped"
      ? "not looked at"
      : step.status === "failed"
        ? (step.reason ?? "failed")
        : step.changed === 0
          ? "nothing to change"
          : `${step.changed} would change`;
  return (
    <div>
      <p className={step.status === "failed" ? styles["bad"] : styles["step"]}>
        <code>{visible(step.action)}</code> <Said>{text}</Said>
      </p>
      {(step.changes ?? []).map((change, index) => (
        <Change key={index} task={change.task} diff={change.diff} />
      ))}
    </div>
  );
}

const shownLines = 40;

function Change({ task, diff }: { task: string; diff: string | undefined }) {
  const [whole, setWhole] = useState(false);
  const lines = diff === undefined ? [] : diffLines(diff);
  const { added, removed } = diffCounts(lines);
  const shown = whole ? lines : lines.slice(0, shownLines);
  return (
    <div className={styles["change"]}>
      <p className={styles["task"]}>
        <Badge tone="wait">would change</Badge> <Said>{task}</Said>
        {lines.length > 0 && (
          <span className={styles["sums"]}>
            +{added} −{removed}
          </span>
        )}
      </p>
      {lines.length > 0 && (
        // It scrolls sideways, by keys too.
        <pre className={styles["diff"]} role="group" tabIndex={0} aria-label={`Changes: ${visible(task)}`}>
          {shown.map((line, index) => (
            <Line key={index} line={line} />
          ))}
        </pre>
      )}
      {lines.length > shown.length && (
        <Button tone="quiet" onClick={() => setWhole(true)}>
          Show all {lines.length} lines
        </Button>
      )}
    </div>
  );
}

const signs: Record<DiffLine["kind"], string> = { added: "+", removed: "−", same: " ", place: " ", file: " " };

function Line({ line: { kind, text } }: { line: DiffLine }) {
  return (
    <span className={styles[kind]}>
      <span className={styles["sign"]} aria-hidden="true">
        {signs[kind]}
      </span>
      {kind === "added" && <span className="heard">added: </span>}
      {kind === "removed" && <span className="heard">removed: </span>}
      <bdi>{visible(text.replaceAll("\t", "    "))}</bdi>
      {"\n"}
    </span>
  );
}
