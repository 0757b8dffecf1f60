import { Menu as Base } from "@base-ui/react/menu";
import type { ReactElement } from "react";
import { IconButton } from "./button.tsx";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";
import styles from "./overlay.module.css";

export interface MenuItem {
  label: string;
  onSelect: () => void;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
}

export interface MenuProps {
  /** The button's name. */
  label: string;
  items: readonly (MenuItem | false | undefined)[];
  /** The button, where it is another than three dots. */
  trigger?: ReactElement;
}

export function Menu({ label, items, trigger }: MenuProps) {
  const shown = items.filter((item) => item !== false && item !== undefined);
  if (shown.length === 0) return null;
  return (
    <Base.Root>
      <Base.Trigger render={trigger ?? <IconButton label={label} icon="more" />} />
      <Base.Portal>
        <Base.Positioner className={styles["positioner"]} sideOffset={4} align="end">
          <Base.Popup className={styles["menu"]}>
            {shown.map((item) => (
              <Base.Item
                key={item.label}
                className={classes(styles["item"], item.danger === true && styles["danger"])}
                disabled={item.disabled ?? false}
                onClick={item.onSelect}
              >
                {item.icon !== undefined && <Icon name={item.icon} />}
                {item.label}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
