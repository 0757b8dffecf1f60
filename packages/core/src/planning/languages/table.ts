/** What is known of a language besides English. Words are compared without accents and in lower case. */
export interface LanguageTable {
  /**
   * `english: word word …`, a line for each English word. `_` joins several words that are one ("mot_de_passe"), `+` the two
   * halves of a verb whose end goes to the end of the sentence ("lege … an").
   */
  words: string;
  /** From one to twenty, then the tens to ninety, then a hundred. `-` where one is made of two words. */
  numbers: string;
  /** By their English names. */
  units: Record<string, string>;
}

/** By what a request of a language says no, not now, or that it is none. Compared with folded text. */
export interface LanguageSigns {
  /** Counts in a request of any language. Likewise the next two. */
  negation: RegExp;
  time: RegExp;
  condition: RegExp;
  /** Count where the request is not English: they have too many false friends there. */
  doubt: RegExp;
  told: RegExp;
  unsaid: RegExp;
  /** Speaks to the planner, or of rules. */
  hostile: RegExp;
  /** Other customers. */
  others: RegExp;
}

/** Without accents, in lower case: `Straße` is `strasse`, `Löschen` is `loschen`. */
export function folded(text: string): string {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ß", "ss");
}
