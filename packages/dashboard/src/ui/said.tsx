import { visible } from "../text.ts";
import { classes } from "./classes.ts";
import styles from "./said.module.css";

/** What people, models and machines said: as text, with what is hidden made visible, whatever its direction. */
export function Said({ children, mono = false }: { children: string | undefined; mono?: boolean }) {
  return <bdi className={classes(styles["said"], mono && styles["mono"])}>{visible(children ?? "")}</bdi>;
}
