import type { SupportAnswer } from "@steward/contracts/support";
import type { Paint } from "./paint.ts";
import { visible, visibleLines } from "./visible.ts";

/** An answer with its sources. */
export function answerText(answer: SupportAnswer, paint: Paint): string {
  return answer.source === "documentation"
    ? passagesText(answer, paint)
    : `${visibleLines(answer.text)}\n\n${sourcesText(answer, paint)}`;
}

/** Where each number of a model's answer leads. */
export function sourcesText({ citations }: SupportAnswer, paint: Paint): string {
  return citations
    .map(
      ({ number, title, href }) =>
        `  [${number}] ${visible(title)}${href === undefined ? "" : `  ${paint.dim(visible(href))}`}`,
    )
    .join("\n");
}

/** The passages as they stand in the documentation. */
function passagesText({ citations }: SupportAnswer, paint: Paint): string {
  return citations
    .map(({ title, href, excerpt }) => {
      const place = href === undefined ? "" : `  ${paint.dim(visible(href))}`;
      return `${paint.bold(visible(title))}${place}\n${visibleLines(excerpt).replace(/^(?=.)/gm, "  ")}`;
    })
    .join("\n\n");
}
