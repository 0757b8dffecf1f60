import { Toast } from "@base-ui/react/toast";
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

export function add(words: ToastWords): void {
  manager.add(words);
}

export function Toasts() {
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
