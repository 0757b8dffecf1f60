import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import styles from "./overlay.module.css";

export interface TabsProps<Id extends string> {
  /** What the tabs are of, for whoever hears them. */
  label: string;
  value: Id;
  onChange: (id: Id) => void;
  tabs: readonly { id: Id; label: string; count?: number | undefined }[];
  /** The chosen tab's panel. */
  children: ReactNode;
}

export function Tabs<Id extends string>({ label, value, onChange, tabs, children }: TabsProps<Id>) {
  return (
    <Base.Root value={value} onValueChange={(next: Id) => onChange(next)}>
      <Base.List className={styles["tabs"]} aria-label={label}>
        {tabs.map((tab) => (
          <Base.Tab key={tab.id} value={tab.id} className={styles["tab"]}>
            {tab.label}
            {tab.count !== undefined && <span className={styles["count"]}>{tab.count}</span>}
          </Base.Tab>
        ))}
      </Base.List>
      <Base.Panel value={value} className={styles["tabPanel"]}>
        {children}
      </Base.Panel>
    </Base.Root>
  );
}
