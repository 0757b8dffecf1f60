import { slotsWords } from "./work-text.ts";
import styles from "./workers.module.css";

/** More slots than this are a bar: nobody counts squares. */
const mostSquares = 32;

/** A worker's slots: at work filled, free open, closed crossed out. In words for whoever hears it. */
export function Slots({ busy, free, closed }: { busy: number; free: number; closed: number }) {
  const words = slotsWords({ busy, free, closed });
  const total = busy + free + closed;
  if (total === 0) return <span className={styles["soft"]}>no slots</span>;
  if (total > mostSquares) {
    const share = (count: number) => ({ flexGrow: count });
    return (
      <span className={styles["slotBar"]} role="img" aria-label={words} title={words}>
        {busy > 0 ? <span data-slot="busy" style={share(busy)} /> : null}
        {free > 0 ? <span data-slot="free" style={share(free)} /> : null}
        {closed > 0 ? <span data-slot="closed" style={share(closed)} /> : null}
      </span>
    );
  }
  const kinds = [
    ...Array<string>(busy).fill("busy"),
    ...Array<string>(free).fill("free"),
    ...Array<string>(closed).fill("closed"),
  ];
  return (
    <span className={styles["slots"]} role="img" aria-label={words} title={words}>
      {kinds.map((kind, at) => (
        <span key={at} className={styles["slot"]} data-slot={kind} />
      ))}
    </span>
  );
}
