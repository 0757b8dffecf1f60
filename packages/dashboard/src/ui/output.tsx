import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { bytesText, plural } from "../text.ts";
import { linesOf, pieceLength, piecesOf, plainLine, stretchesOf } from "./ansi.ts";
import { Button } from "./button.tsx";
import { classes } from "./classes.ts";
import { downloadText } from "./exports.ts";
import styles from "./output.module.css";

export interface OutputProps {
  text: string;
  /** What it is of: names the region and the file. */
  name?: string;
  /** Keeps to the end as it grows, until somebody scrolls up. */
  follow?: boolean;
  /** How high it may grow, as CSS says it. */
  height?: string;
  /** Beside the buttons: how far it has come, say. */
  note?: ReactNode;
}

interface Line {
  number: number;
  text: string;
  /** The piece of a long line is not its first one. */
  goesOn: boolean;
  /** Characters of the line that are not shown. */
  held: number;
}

/**
 * What a machine printed, as text and nothing else: only the lines in sight are there, escape sequences are taken out, what
 * is hidden is made visible, and a line of a megabyte is cut until somebody asks for all of it.
 */
export function Output({ text, name = "output", follow = false, height, note }: OutputProps): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [wraps, setWraps] = useState(true);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const lines = useMemo(() => shownLines(text, opened), [text, opened]);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 12,
  });

  const atEnd = useRef(true);
  useEffect(() => {
    if (follow && atEnd.current && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, lines.length, text.length, virtualizer]);

  const plain = () => linesOf(text).map(plainLine).join("\n");
  return (
    <div className={styles["output"]}>
      <div className={styles["tools"]}>
        <span className={styles["note"]}>
          {note ?? `${plural(lines.at(-1)?.number ?? 0, "line")}, ${bytesText(text.length)}`}
        </span>
        <Button tone="quiet" aria-pressed={wraps} onClick={() => setWraps(!wraps)}>
          Wrap
        </Button>
        <CopyAll text={plain} />
        <Button tone="quiet" icon="download" onClick={() => downloadText(name, "txt", `${plain()}\n`)}>
          Download
        </Button>
      </div>
      <div
        ref={scroller}
        className={styles["scroller"]}
        style={{ maxHeight: height }}
        tabIndex={0}
        role="region"
        aria-label={name}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
        }}
      >
        <div className={styles["lines"]} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start, key }) => {
            const line = lines[index];
            if (line === undefined) return null;
            return (
              <div
                key={key}
                data-index={index}
                ref={virtualizer.measureElement}
                className={styles["line"]}
                style={{ transform: `translateY(${start}px)` }}
              >
                <span className={styles["number"]} aria-hidden="true" data-number={line.goesOn ? "" : line.number} />
                <span className={classes(styles["text"], wraps && styles["wraps"])}>
                  {stretchesOf(line.text).map((stretch, at) => (
                    <span
                      key={at}
                      className={classes(
                        stretch.colour !== undefined && styles[stretch.colour],
                        stretch.bold === true && styles["bold"],
                      )}
                    >
                      {stretch.text}
                    </span>
                  ))}
                  {line.text === "" ? "\u00a0" : null}
                  {line.held > 0 ? (
                    <button
                      type="button"
                      className={styles["more"]}
                      onClick={() => setOpened(new Set([...opened, line.number]))}
                    >
                      Show the other {line.held.toLocaleString("en")} characters
                    </button>
                  ) : null}
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function shownLines(text: string, opened: ReadonlySet<number>): Line[] {
  return linesOf(text).flatMap((line, at) => {
    const number = at + 1;
    if (line.length <= pieceLength) return [{ number, text: line, goesOn: false, held: 0 }];
    const pieces = piecesOf(line);
    const [first = ""] = pieces;
    if (!opened.has(number)) return [{ number, text: first, goesOn: false, held: line.length - first.length }];
    return pieces.map((piece, index) => ({ number, text: piece, goesOn: index > 0, held: 0 }));
  });
}

function CopyAll({ text }: { text: () => string }): ReactNode {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setCopied(true);
      setTimeout(() => setCopied(false), 2_000);
    } catch {
      // Not allowed here: it can be downloaded, or selected.
    }
  };
  return (
    <Button tone="quiet" icon={copied ? "check" : "copy"} onClick={() => void copy()}>
      <span role="status">{copied ? "Copied" : "Copy"}</span>
    </Button>
  );
}
