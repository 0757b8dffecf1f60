import type { SecretView } from "@steward/contracts/secret";

/** How an installation's secret is, and what is to be done about it. */
export function secretState({ name, isSet, overdue, madeBy, versions }: SecretView): {
  text: string;
  tone: "good" | "wait" | "bad" | "busy";
  next?: string;
} {
  if (!isSet) {
    return { text: "not set", tone: "wait", ...(madeBy === "person" ? { next: "Put it in: nobody else can." } : {}) };
  }
  if (versions.some(({ state }) => state === "pending")) return { text: "being made anew", tone: "busy" };
  if (!overdue) return { text: "set", tone: "good" };
  const next =
    madeBy === "person"
      ? `Make a new ${name} key where it comes from, and put it in.`
      : "It was not made anew in time: docs/runbooks/secret-rotation.md";
  return { text: "too old", tone: "bad", next };
}
