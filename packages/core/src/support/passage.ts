import type { Citation } from "@steward/contracts/support";

/** A piece of what answers are made from: one heading's worth of a document, an action, or an appliance's own facts. */
export interface Passage {
  /** Stays the same while its heading does: `docs/mail.md#…`, with `~2` for the second part of a long one. */
  id: string;
  source: Citation["source"];
  /** The headings that it stands under: "The gate › Windows". */
  title: string;
  href?: string;
  /** Markdown. */
  text: string;
  /** Further words that it is found by and that are not shown. */
  words?: string;
}

/** What an answer to one question may be made from: its passages are numbered from 1 in this order. */
export interface Material {
  passages: Passage[];
}
