import { useState } from "react";
import { visible, visibleLines } from "../text.ts";
import { IconButton } from "./button.tsx";
import { classes } from "./classes.ts";
import styles from "./copy.module.css";

/** Text to take elsewhere (a command, a hash, a link), with a button that does. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2_000);
    } catch {
      // Not allowed here: the text is there to be selected.
    }
  };
  return (
    <span className={styles["copy"]}>
      {text.includes("\n") ? (
        <pre className={classes(styles["text"], styles["lines"])}>{visibleLines(text)}</pre>
      ) : (
        <code className={styles["text"]}>{visible(text)}</code>
      )}
      <IconButton label={copied ? "Copied" : label} icon={copied ? "check" : "copy"} onClick={() => void copy()} />
      <span className="heard" role="status">
        {copied ? "Copied" : ""}
      </span>
    </span>
  );
}
