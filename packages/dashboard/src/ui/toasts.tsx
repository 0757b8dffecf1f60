import { Toast } from "@base-ui/react/toast";
import { useEffect } from "react";
import { IconButton } from "./button.tsx";
import styles from "./overlay.module.css";

const manager = Toast.createToastManager();

export interface ToastWords {
  title: string;
  description?: string;
  type: "done" | "problem";
  timeout: number;
  priority?: "high" | "low";
}

/** Said before there was a place for it, as the first one is: what draws it is loaded with it. */
const early: ToastWords[] = [];
let isDrawn = false;

export function add(words: ToastWords): void {
  if (isDrawn) manager.add(words);
  else early.push(words);
}

export function Toasts() {
  // The provider below listens to the manager by now; what is added before that is heard by nobody.
  useEffect(() => {
    isDrawn = true;
    for (const words of early.splice(0)) manager.add(words);
    return () => {
      isDrawn = false;
    };
  }, []);
  return (
    <Toast.Provider toastManager={manager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className={styles["toasts"]}>
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function ToastList() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((each) => (
    <Toast.Root key={each.id} toast={each} className={styles["toast"]}>
      <div>
        <Toast.Title className={styles["toastTitle"]} render={<p />} />
        <Toast.Description className={styles["toastText"]} />
      </div>
      <Toast.Close render={<IconButton label="Dismiss" icon="close" />} />
    </Toast.Root>
  ));
}
