import { useState } from "react";
import { TextField } from "../../ui/fields.tsx";
import { Icon } from "../../ui/icon.tsx";
import { compareFingerprint, inGroups } from "./fingerprint.ts";
import styles from "./fingerprint.module.css";

interface FingerprintCheckProps {
  fingerprint: string;
  /** Told with each letter: a fingerprint that was typed and is another one must not be confirmed. */
  onCompared?: (isOther: boolean) => void;
}

/** The key that a machine enrolled with, to be held against its screen: by eye, or by pasting what the screen shows. */
export function FingerprintCheck({ fingerprint, onCompared }: FingerprintCheckProps) {
  const [typed, setTyped] = useState("");
  const comparison = compareFingerprint(typed, fingerprint);
  const other = comparison.is === "other" ? comparison.group : undefined;
  return (
    <div className={styles["check"]}>
      <Fingerprint of={fingerprint} other={other} />
      <TextField
        label="What its screen shows"
        required={false}
        mono
        value={typed}
        onChange={(text) => {
          setTyped(text);
          onCompared?.(compareFingerprint(text, fingerprint).is === "other");
        }}
        placeholder="Paste it here to compare"
        hint="Its enrolment has printed it: Key fingerprint, and 64 characters."
        error={
          other === undefined
            ? undefined
            : `Not the same: group ${other + 1} differs. Do not confirm it. Another machine may have used the token.`
        }
      />
      <p role="status" className={styles["same"]}>
        {comparison.is === "same" && (
          <>
            <Icon name="check" /> The same key.
          </>
        )}
        {comparison.is === "partly" && "The same so far."}
      </p>
    </div>
  );
}

/** In groups of four: as a screen shows it, and as an eye can follow. */
export function Fingerprint({ of, other }: { of: string; other?: number | undefined }) {
  return (
    <code className={styles["fingerprint"]} aria-label={`Key fingerprint ${inGroups(of).flat().join(" ")}`} role="img">
      {inGroups(of).map((line, index) => (
        <span key={index} className={styles["line"]}>
          {line.map((group, at) => (
            <span key={at} className={index * 4 + at === other ? styles["other"] : undefined}>
              {group}
            </span>
          ))}
        </span>
      ))}
    </code>
  );
}
