import type { Passage } from "./passage.ts";

/** About 350 tokens: six of them fit the context of a small model, with room to answer. */
const maxCharacters = 1_400;
/** What is shorter is said with what stands before it. */
const minCharacters = 60;

interface Section {
  titles: string[];
  anchor: string;
  /** What people say who look for it: `<!-- also: … -->` below the heading, which no page shows. */
  words: string;
  /** `<!-- no answer -->` below the heading: it shows how something looks, and says nothing of it. */
  isLeftOut?: true;
  lines: string[];
}

/**
 * Cuts a document at its headings, and what is long between two of them at its paragraphs, lists and tables. Ids are the
 * file with the heading's anchor as GitHub makes it: a document that grows keeps the ids of all its other sections.
 */
export function splitDocument(
  file: string,
  markdown: string,
  source: Exclude<Passage["source"], "facts"> = "documentation",
): Passage[] {
  return sectionsOf(markdown).flatMap(({ titles, anchor, words, lines }) =>
    partsOf(lines.join("\n").trim()).map((text, part): Passage => {
      const href = `${file}#${anchor}`;
      return {
        id: part === 0 ? href : `${href}~${part + 1}`,
        source,
        title: titles.join(" › "),
        href,
        text,
        ...(words === "" ? {} : { words }),
      };
    }),
  );
}

function sectionsOf(markdown: string): Section[] {
  const sections: Section[] = [{ titles: [], anchor: "", words: "", lines: [] }];
  const anchors = new Map<string, number>();
  let titles: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split("\n")) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined && fence === undefined) fence = mark;
    else if (mark !== undefined && fence !== undefined && mark.startsWith(fence)) fence = undefined;
    // A comment of a shell is no heading.
    const heading = fence === undefined ? /^(#{1,4})\s+(.+?)\s*#*$/.exec(line) : null;
    if (heading === null) {
      const last = sections.at(-1);
      const also = fence === undefined ? /^<!-- also: (.*) -->$/.exec(line)?.[1] : undefined;
      if (last !== undefined && also !== undefined) last.words = also;
      else if (last !== undefined && fence === undefined && line === "<!-- no answer -->") last.isLeftOut = true;
      else last?.lines.push(line);
      continue;
    }
    const level = heading[1]?.length ?? 1;
    titles = [...titles.slice(0, level - 1), plain(heading[2] ?? "")];
    sections.push({
      titles: titles.filter((title) => title !== ""),
      anchor: anchorOf(heading[2] ?? "", anchors),
      words: "",
      lines: [],
    });
  }
  return sections.filter(
    ({ titles: own, lines, isLeftOut }) => isLeftOut !== true && own.length > 0 && lines.join("").trim() !== "",
  );
}

/** As GitHub does: lower case, without punctuation, spaces as hyphens; a second one of the same name is counted. */
function anchorOf(heading: string, seen: Map<string, number>): string {
  const anchor = plain(heading)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
  const count = seen.get(anchor) ?? 0;
  seen.set(anchor, count + 1);
  return count === 0 ? anchor : `${anchor}-${count}`;
}

/** Without the marks of code, emphasis and links. */
function plain(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
}

function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (const block of blocksOf(text)) {
    const last = parts.at(-1);
    const joined = last === undefined ? block : `${last}\n${block}`;
    if (last !== undefined && (joined.length <= maxCharacters || block.length < minCharacters))
      parts[parts.length - 1] = joined;
    else parts.push(block);
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/** Paragraphs, single entries of lists and rows of tables; a block of code stays whole where it is not overlong. */
function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let fenced = false;
  /** Whether a line may go on with the block before it. */
  let open = false;
  for (const line of text.split("\n")) {
    const isFence = /^\s*(`{3,}|~{3,})/.test(line);
    const begins = !fenced && (isFence || line === "" || /^\s*(?:[-*|]|\d+\.)/.test(line));
    const last = blocks.at(-1);
    if (last !== undefined && !begins && (fenced || open) && last.length + line.length < maxCharacters) {
      blocks[blocks.length - 1] = `${last}\n${line}`;
    } else blocks.push(line);
    if (isFence) fenced = !fenced;
    open = line !== "" && !(isFence && !fenced);
  }
  return blocks.flatMap((block) =>
    block.length <= maxCharacters
      ? [block]
      : (block.match(new RegExp(`[\\s\\S]{1,${maxCharacters}}(?:\\s|$)`, "g")) ?? [block]),
  );
}
