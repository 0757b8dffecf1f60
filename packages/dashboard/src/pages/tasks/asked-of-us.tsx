import { taskRoutes } from "@steward/contracts/routes/tasks";
import { LinkButton } from "../../ui/button.tsx";
import { useApi } from "../../api/use-api.ts";
import { plural } from "../../text.ts";
import styles from "./tasks.module.css";

const counted = 20;

/** For the provider's staff: that customers of any tenant wait for their answer; who, is told with the tenants. */
export function AskedOfUs() {
  const asked = useApi(taskRoutes.listEscalations, { query: { limit: counted } }, { every: "background" });
  const count = asked.data?.items.length ?? 0;
  if (count === 0) return null;
  const more = asked.data?.cursor === undefined ? "" : " or more";
  return (
    <div className={styles["askedOfUs"]}>
      <p>
        <strong>{plural(count, "request")}</strong>
        {more} {count === 1 && more === "" ? "waits" : "wait"} for an answer of the provider, of all tenants.
      </p>
      <LinkButton to="/tenants" search={{ tab: "asked" }} icon="people">
        Answer
      </LinkButton>
    </div>
  );
}
