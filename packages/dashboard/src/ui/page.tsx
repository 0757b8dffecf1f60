import { type ReactNode, useEffect, useId } from "react";
import { visible } from "../text.ts";
import { classes } from "./classes.ts";
import styles from "./page.module.css";

export interface PageProps {
  /** The page's heading, and the tab's title. */
  title: string;
  /** The heading as drawn, where it is more than the title's text. */
  heading?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  /** As wide as the window: maps, graphs, long tables. */
  wide?: boolean;
  children: ReactNode;
}

export function Page({ title, heading, lead, actions, wide = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${visible(title)} · Steward`;
  }, [title]);
  return (
    <div className={classes(styles["page"], wide && styles["wide"])}>
      <header className={styles["head"]}>
        <div className={styles["words"]}>
          <h1>{heading ?? <bdi>{visible(title)}</bdi>}</h1>
          {lead !== undefined && <div className={styles["lead"]}>{lead}</div>}
        </div>
        {actions !== undefined && <div className={styles["actions"]}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export interface PanelProps {
  title?: ReactNode;
  /** Beside the title, in small. */
  note?: ReactNode;
  actions?: ReactNode;
  /** Without a margin inside: tables and lists bring their own. */
  flush?: boolean;
  className?: string | undefined;
  children: ReactNode;
}

export function Panel({ title, note, actions, flush = false, className, children }: PanelProps) {
  const id = useId();
  return (
    <section className={classes(styles["panel"], className)} aria-labelledby={title === undefined ? undefined : id}>
      {(title !== undefined || actions !== undefined) && (
        <header className={styles["panelHead"]}>
          <div>
            {title !== undefined && <h2 id={id}>{title}</h2>}
            {note !== undefined && <p className={styles["note"]}>{note}</p>}
          </div>
          {actions !== undefined && <div className={styles["actions"]}>{actions}</div>}
        </header>
      )}
      <div className={classes(flush ? styles["flush"] : styles["body"])}>{children}</div>
    </section>
  );
}
