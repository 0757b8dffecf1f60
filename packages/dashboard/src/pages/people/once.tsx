import { CheckField } from "../../ui/fields.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Moment } from "../../ui/moment.tsx";
import styles from "./people.module.css";

/** Something that is shown now and never again: whoever closes it says that it is safe. */
export function Once({
  label,
  text,
  expiresAt,
  children,
  isKept,
  onKept,
}: {
  label: string;
  text: string;
  expiresAt: string;
  children?: React.ReactNode;
  isKept: boolean;
  onKept: (isKept: boolean) => void;
}) {
  return (
    <div className={styles["once"]}>
      <Copy text={text} label={label} />
      <p className={styles["soft"]}>
        It is shown only now and kept nowhere. It ends <Moment at={expiresAt} />.
      </p>
      {children}
      <CheckField label="I have copied it" checked={isKept} onChange={onKept} />
    </div>
  );
}
