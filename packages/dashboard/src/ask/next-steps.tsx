import { visible } from "../text.ts";
import { LinkButton } from "../ui/button.tsx";
import { nextSteps } from "./next-step-texts.ts";
import styles from "./task-flow.module.css";

/** What one can do about a refusal. Sentences that would be understood are taken over with one press. */
export function NextSteps({ next }: { next: readonly string[] }) {
  const { wishes, others } = nextSteps(next);
  return (
    <>
      {wishes.length > 0 && (
        <div className={styles["nextWishes"]}>
          <span className={styles["small"]}>This would be understood:</span>
          {wishes.map((wish) => (
            <LinkButton
              key={wish}
              to="/ask"
              search={(before) => ({ ...before, q: wish, task: undefined }) as never}
              icon="edit"
            >
              {visible(wish)}
            </LinkButton>
          ))}
        </div>
      )}
      {others.map((line) => (
        <p key={line} className={styles["soft"]}>
          {visible(line)}
        </p>
      ))}
    </>
  );
}
