import { frenchSigns } from "./french-signs.ts";
import { germanSigns } from "./german-signs.ts";
import { spanishSigns } from "./spanish-signs.ts";
import { folded, type LanguageSigns } from "./table.ts";

/* In files apart from the words: the matcher, which reads English only, loads no more than these. */
const signs: readonly LanguageSigns[] = [germanSigns, spanishSigns, frenchSigns];

/** Whether a text says no, in any language. */
export function saysNo(text: string): boolean {
  const plain = folded(text);
  return signs.some(({ negation }) => negation.test(plain));
}

/** What is said for another time, or only if something holds, in any language. */
export function saysWhen(text: string): "time" | "condition" | undefined {
  const plain = folded(text).replace(/\bs['’]il (?:te|vous) pla[a-z]*/g, "");
  if (signs.some(({ time }) => time.test(plain))) return "time";
  return signs.some(({ condition }) => condition.test(plain)) ? "condition" : undefined;
}

/** What makes no request of a sentence in a language that is not English. */
export function saysOther(text: string): "doubt" | "told" | "unsaid" | undefined {
  const plain = folded(text);
  return (["doubt", "told", "unsaid"] as const).find((kind) => signs.some((table) => table[kind].test(plain)));
}

const favour =
  /\b(?:kannst|konntest|konnten|wurdest|puedes|podrias|puede|podria|peux|pouvez|pourrais|pourriez|voulez|veux)\b/;

/** "¿Puedes reiniciar el servidor?" is an order that has a question's form. */
export function asksFavour(text: string): boolean {
  return favour.test(folded(text));
}

/** Why a request is hostile on its face, in any language. */
export function saysHostile(text: string): "rules" | "others" | undefined {
  const plain = folded(text);
  if (signs.some(({ hostile }) => hostile.test(plain))) return "rules";
  return signs.some(({ others }) => others.test(plain)) ? "others" : undefined;
}
