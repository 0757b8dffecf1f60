import type { PersonView } from "@steward/contracts/principals";
import type { Tone } from "../../text.ts";

export const personStatuses: Record<PersonView["status"], { text: string; tone: Tone; means: string }> = {
  invited: { text: "invited", tone: "wait", means: "has not opened the one-time link yet" },
  active: { text: "active", tone: "good", means: "has signed in" },
  disabled: { text: "disabled", tone: "still", means: "is let in no more" },
};
