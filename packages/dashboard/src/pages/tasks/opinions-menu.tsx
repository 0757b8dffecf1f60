import { rightRequest, wrongOutcomes } from "@steward/contracts/benchmark-request";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { call } from "../../api/caller.ts";
import { useMe } from "../../me/use-me.ts";
import { plural } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { downloadText } from "../../ui/exports.ts";
import { Menu } from "../../ui/menu.tsx";
import { toast } from "../../ui/toast.tsx";

type Verdict = "right" | "wrong";

/** What people thought of plans and answers, as lines of the planner's benchmark: no names and no secrets are in them. */
export function OpinionsMenu() {
  const me = useMe();
  const [reading, setReading] = useState(false);
  if (me.tenantId === undefined || !me.may("operator")) return null;
  const save = async (verdict: Verdict) => {
    setReading(true);
    try {
      const lines = await opinions(verdict);
      if (lines.length === 0) return toast.say(`Nobody has said yet that something was ${verdict}.`);
      downloadText(`opinions-${verdict}`, "ndjson", `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
      toast.say(`${plural(lines.length, "opinion")} saved.`);
    } catch (error) {
      toast.fail(error);
    } finally {
      setReading(false);
    }
  };
  return (
    <Menu
      label="Save opinions"
      trigger={
        <Button icon="download" busy={reading}>
          Opinions
        </Button>
      }
      items={[
        { label: "What was right, as requests of the benchmark", onSelect: () => void save("right") },
        { label: "What was wrong, with what was made of it", onSelect: () => void save("wrong") },
      ]}
    />
  );
}

/** Over every page of the list, one at a time: nobody waits for it. */
async function opinions(verdict: Verdict): Promise<object[]> {
  const linesOf = (task: TaskView): object[] => {
    if (verdict === "wrong") return wrongOutcomes(task);
    const request = rightRequest(task);
    return request === undefined ? [] : [request];
  };
  const lines: object[] = [];
  let cursor: string | undefined;
  do {
    const page = await call(taskRoutes.listTasks, {
      query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
    });
    lines.push(...page.items.flatMap(linesOf));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return lines;
}
