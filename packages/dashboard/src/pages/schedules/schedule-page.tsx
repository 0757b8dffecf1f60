import { scheduleRoutes } from "@steward/contracts/routes/schedules";
import type { ScheduleView } from "@steward/contracts/schedule";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApi } from "../../api/use-api.ts";
import { Person } from "../../people/person.tsx";
import { useMe } from "../../me/use-me.ts";
import { dueText, localZone, zoneOf } from "../../schedules/coming-times.ts";
import { lastSaid } from "../../schedules/schedule-state.ts";
import { scheduleYaml } from "../../schedules/schedule-yaml.ts";
import { whenText, whenWords } from "../../schedules/when-words.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { DueTimes } from "./agenda.tsx";
import { EditSchedule } from "./edit-schedule.tsx";
import { PastTimes } from "./past-times.tsx";
import { ScheduleFacts } from "./schedule-facts.tsx";
import styles from "./schedules.module.css";
import { StandingApproval } from "./standing-approval.tsx";
import { useScheduleChanges } from "./use-schedule-changes.ts";

const route = getRouteApi("/schedules/$scheduleId");

export function SchedulePage() {
  const { scheduleId } = route.useParams();
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const { may } = useMe();
  const query = useApi(
    scheduleRoutes.getSchedule,
    { params: { scheduleId }, query: { times: 20 } },
    { every: "background" },
  );
  const schedule = query.data;
  const mayWrite = may("operator");
  const isEditing = edit === true && mayWrite;
  return (
    <Page
      title={schedule?.name ?? "Schedule"}
      lead={schedule === undefined ? undefined : <Lead schedule={schedule} />}
      actions={
        schedule === undefined || !mayWrite || isEditing ? undefined : (
          <Actions schedule={schedule} onEdit={() => void navigate({ search: { edit: true } })} />
        )
      }
    >
      <Loaded query={query} rows={10}>
        {(found) =>
          isEditing ? (
            <EditSchedule schedule={found} onDone={() => void navigate({ search: {} })} />
          ) : (
            <Shown schedule={found} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Lead({ schedule }: { schedule: ScheduleView }) {
  const [next] = schedule.next;
  const { when } = schedule.definition;
  const zone = zoneOf(when);
  return (
    <span className={styles["lead"]}>
      {schedule.status === "paused" ? (
        <Badge tone="wait">Paused</Badge>
      ) : (
        <Badge tone={lastSaid(schedule).tone}>{lastSaid(schedule).text}</Badge>
      )}
      <span title={whenText(when)}>{whenWords(when)}</span>
      {schedule.status !== "paused" && next !== undefined && (
        <span>
          next {dueText(Date.parse(next), zone)}, <Moment at={next} />
          {zone === localZone() ? "" : ` (for you ${dueText(Date.parse(next), localZone())})`}
        </span>
      )}
    </span>
  );
}

function Actions({ schedule, onEdit }: { schedule: ScheduleView; onEdit: () => void }) {
  const navigate = route.useNavigate();
  const { runNow, pause, resume, remove, isRunning } = useScheduleChanges(schedule);
  return (
    <>
      {schedule.status === "paused" ? (
        <Button icon="play" busy={isRunning} onClick={() => void resume()}>
          Resume
        </Button>
      ) : (
        <Button icon="pause" busy={isRunning} onClick={() => void pause()}>
          Pause
        </Button>
      )}
      <Button icon="edit" onClick={onEdit}>
        Edit
      </Button>
      <Button tone="primary" icon="play" busy={isRunning} onClick={() => void runNow()}>
        Run now
      </Button>
      <Menu
        label="More"
        items={[
          {
            label: "Remove",
            icon: "remove",
            danger: true,
            onSelect: () =>
              void remove().then((isGone) => isGone && void navigate({ to: "/schedules", search: {} as never })),
          },
        ]}
      />
    </>
  );
}

function Shown({ schedule }: { schedule: ScheduleView }) {
  const { paused } = schedule;
  const yaml = useMemo(() => scheduleYaml([schedule]), [schedule]);
  return (
    <div className={styles["columns"]}>
      <div className={styles["column"]}>
        {paused !== undefined && (
          <p className={styles["paused"]}>
            Paused <Moment at={paused.at} /> by <Person id={paused.by} />
            {paused.why !== undefined && (
              <>
                : <Said>{paused.why}</Said>
              </>
            )}
            . What is due meanwhile is not made up for.
          </p>
        )}
        <ScheduleFacts schedule={schedule} />
        <StandingApproval schedule={schedule} />
        <PastTimes schedule={schedule} />
      </div>
      <div className={styles["column"]}>
        <Panel title="The next 20 due times" note={`On the clocks of ${zoneOf(schedule.definition.when)}`}>
          <DueTimes schedule={schedule} />
        </Panel>
        <Panel title="As code" note="For the file of steward schedule apply">
          <Copy text={yaml} label="Copy the file" />
        </Panel>
      </div>
    </div>
  );
}
