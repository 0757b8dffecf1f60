import { Dialog as Base } from "@base-ui/react/dialog";
import { IconButton } from "./button.tsx";
import { classes } from "./classes.ts";
import type { DialogProps } from "./dialog.tsx";
import styles from "./overlay.module.css";

export function DialogPopup({ open, onOpenChange, title, actions, wide = false, children }: DialogProps) {
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
