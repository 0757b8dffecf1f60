import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { fleetWords } from "./fleet-words.ts";
import styles from "./home-page.module.css";

/** How my machines are, in one sentence. */
export function FleetSentence({ tenant }: { tenant: string | undefined }) {
  const { data, error } = useApi(fleetRoutes.fleetHealth, {}, { every: "background" });
  const counts = data?.byKind.appliance;
  if (counts === undefined)
    return (
      <span>
        {error === null ? "Looking how your appliances are …" : "How your appliances are cannot be told just now."}
      </span>
    );
  const { text, trouble } = fleetWords(counts);
  return (
    <span>
      {tenant !== undefined && `${visible(tenant)}: `}
      <Link
        to="/appliances"
        search={(trouble === undefined ? {} : { health: trouble }) as never}
        className={styles["fleet"]}
      >
        {text}
      </Link>
    </span>
  );
}
