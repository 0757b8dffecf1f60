import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { IconButton } from "./button.tsx";
import { classes } from "./classes.ts";
import styles from "./overlay.module.css";

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** Buttons at its foot. */
  actions?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

/** Over the page, with the focus inside; Escape and a press beside it close it. */
export function Dialog({ open, onOpenChange, title, actions, wide = false, children }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className={styles["backdrop"]} />
        <Base.Popup className={classes(styles["popup"], wide && styles["wide"])}>
          <header className={styles["head"]}>
            <Base.Title>{title}</Base.Title>
            <Base.Close render={<IconButton label="Close" icon="close" />} />
          </header>
          <div className={styles["body"]}>{children}</div>
          {actions !== undefined && <footer className={styles["foot"]}>{actions}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
