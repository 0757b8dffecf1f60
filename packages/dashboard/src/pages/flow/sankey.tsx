import { useMemo } from "react";
import { plural } from "../../text.ts";
import { classes } from "../../ui/classes.ts";
import { columnTitles, type FlowGraph, titleOf } from "./flow-graph.ts";
import styles from "./flow.module.css";
import { layoutOf, pathOf } from "./sankey-layout.ts";

const size = { width: 1000, height: 380, boxWidth: 10, gap: 26, columns: columnTitles.length };

interface Props {
  graph: FlowGraph;
  /** The station or the way that is looked at. */
  at: string | undefined;
  onAt: (at: string | undefined) => void;
}

/**
 * The ways of requests, as thick as they are many. The picture is for the eye; each station is a button beside its box, and
 * each way one in the list below it, so that nothing needs a pointer.
 */
export function Sankey({ graph, at, onAt }: Props) {
  const { boxes, bands } = useMemo(() => layoutOf(graph, size), [graph]);
  const total = graph.stations.filter(({ column }) => column === 0).reduce((sum, { count }) => sum + count, 0);
  const press = (id: string) => onAt(at === id ? undefined : id);
  const isLit = (from: string, to: string) => {
    if (at === undefined) return true;
    const [first, second] = at.split(">");
    return second === undefined ? first === from || first === to : first === from && second === to;
  };
  return (
    <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="The ways of requests">
      <div className={styles["columns"]} aria-hidden="true">
        {columnTitles.map((title) => (
          <span key={title}>{title}</span>
        ))}
      </div>
      <div className={styles["sankey"]}>
        <svg
          viewBox={`0 0 ${size.width} ${size.height}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          className={styles["picture"]}
        >
          {bands.map((band) => (
            // The same can be done with the buttons.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
            <path
              key={`${band.from}>${band.to}`}
              d={pathOf(band)}
              className={classes(styles["band"], !isLit(band.from, band.to) && styles["dim"])}
              data-tone={band.tone}
              onClick={() => press(`${band.from}>${band.to}`)}
            >
              <title>{`${titleOf(band.from).title} → ${titleOf(band.to).title}: ${band.count}`}</title>
            </path>
          ))}
          {boxes.map((box) => (
            <rect
              key={box.id}
              x={box.x}
              y={box.y}
              width={size.boxWidth}
              height={Math.max(2, box.height)}
              className={styles["box"]}
              data-tone={box.tone}
            />
          ))}
        </svg>
        <ul>
          {boxes.map((box) => {
            const last = box.column === size.columns - 1;
            return (
              <li
                key={box.id}
                className={styles["place"]}
                data-last={last || undefined}
                style={{
                  top: `${(box.y / size.height) * 100}%`,
                  ...(last ? { right: 0 } : { left: `${(box.x / size.width) * 100}%` }),
                }}
              >
                <button
                  type="button"
                  className={styles["station"]}
                  aria-pressed={at === box.id}
                  onClick={() => press(box.id)}
                >
                  <span className="heard">{columnTitles[box.column]}: </span>
                  {box.title} <strong>{box.count}</strong>
                  <span className={styles["share"]}> {Math.round((box.count / Math.max(1, total)) * 100)} %</span>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
      <span className="heard">{plural(total, "request")} in all</span>
    </div>
  );
}
