import { overviewRoutes } from "@steward/contracts/routes/overview";
import { useApi } from "../api/use-api.ts";
import { visible } from "../text.ts";
import styles from "./ask-box.module.css";
import { exampleWishes } from "./example-wishes.ts";
import type { AskKind } from "./kind-choice.tsx";

const questions = [
  "How do I reach my files from Windows?",
  "What happens when the first appliance fails?",
  "Who has an account here?",
];

/** What can be said, from the catalogue itself. */
export function Examples({ kind, onChoose }: { kind: AskKind; onChoose: (words: string) => void }) {
  const { data } = useApi(overviewRoutes.listActions, {}, { every: "once" });
  const wishes = kind === "question" ? questions : exampleWishes(data?.items ?? []);
  if (wishes.length === 0) return null;
  return (
    <div className={styles["examples"]}>
      <span className={styles["soft"]}>For example</span>
      {wishes.map((wish) => (
        <button key={wish} type="button" className={styles["example"]} onClick={() => onChoose(wish)}>
          {visible(wish)}
        </button>
      ))}
    </div>
  );
}
