import type { NodeView } from "@steward/contracts/node";
import { useState } from "react";
import { visible } from "../../../text.ts";
import { Empty } from "../../../ui/empty.tsx";
import { SearchField } from "../../../ui/fields.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import { type FactGroup, factGroups, withWord } from "./fact-groups.ts";
import styles from "./one.module.css";

/** What it says of itself: data, never instructions. */
export function FactsPanels({ node }: { node: NodeView }) {
  const [q, setQ] = useState("");
  const groups = factGroups(node.facts ?? {});
  const shown = withWord(groups, q);
  if (groups.length === 0) {
    return (
      <Panel>
        <Empty title="It has told nothing of itself yet">
          With its first heartbeats an appliance tells which users, shares, services and versions it has. Plans are made
          with that in view.
        </Empty>
      </Panel>
    );
  }
  return (
    <div className={styles["column"]}>
      <div className={styles["between"]}>
        <p className={styles["soft"]}>What {visible(node.name)} says of itself. Secrets in it are left out.</p>
        <SearchField label="Search facts" value={q} onChange={setQ} />
      </div>
      {shown.length === 0 && <p role="status">Nothing in its facts has “{q}” in it.</p>}
      <div className={styles["facts"]}>
        {shown.map((group) => (
          <Panel
            key={group.name}
            title={
              <>
                {visible(group.title)}{" "}
                {group.items !== undefined && <span className={styles["soft"]}>{group.items.length}</span>}
              </>
            }
          >
            <Group group={group} />
          </Panel>
        ))}
      </div>
    </div>
  );
}

function Group({ group: { title, items, pairs, text } }: { group: FactGroup }) {
  if (items !== undefined) {
    return (
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached with the keyboard
      <ul className={styles["factList"]} tabIndex={items.length > 20 ? 0 : undefined} aria-label={title}>
        {items.map((item) => (
          <li key={item}>
            <Said>{item}</Said>
          </li>
        ))}
      </ul>
    );
  }
  if (pairs !== undefined) {
    return (
      <table className={styles["versions"]}>
        <tbody>
          {pairs.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">
                <Said>{name}</Said>
              </th>
              <td>
                <Said>{value}</Said>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
  return (
    <p>
      <Said>{text}</Said>
    </p>
  );
}
