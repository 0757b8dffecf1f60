import { stemmer } from "stemmer";

/** Words in lower case, umlauts as two letters, other marks taken off. */
export function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replace(/ä/g, "ae")
      .replace(/ö/g, "oe")
      .replace(/ü/g, "ue")
      .replace(/ß/g, "ss")
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** The stem that a word is looked for by; undefined for one that says nothing about what is asked. */
export function termOf(word: string): string | undefined {
  return word.length < 2 || idle.has(word) ? undefined : stemmer(word);
}

/** By its small words, and by letters that English has not. */
export function isGerman(question: string): boolean {
  return /[äöüß]/i.test(question) || wordsOf(question).some((word) => germanIdle.has(word));
}

const germanIdle = new Set(
  (
    "der die das den dem des ein eine einen einem einer und oder aber ist sind wie wer wo wann warum wieso welche welcher " +
    "welches ich du er sie es wir ihr man mich mir mein meine meinen meinem meiner dein unser unsere kann koennen koennte muss muessen " +
    "soll sollte wollen wird werden wurde hat haben habe zu zum zur von vom im auf aus bei mit nach fuer ueber unter um darf duerfen " +
    "nicht kein keine keinen nur auch noch schon mal bitte gibt geht gehen machen mache macht tun passiert bekomme bekommen lassen lasse dass wenn dann als denn sich " +
    "neue neuen neuer neues alle aller alles etwas jemand letzte letzten naechste"
  ).split(" "),
);

const idle = new Set([
  ...germanIdle,
  ...(
    "a an the is are was were be been am do does did done can could may might must shall should will would i you he she it we they " +
    "against me my your his her its our their us them this that these those there here what which who whom whose how why when where if then " +
    "than and or but so as at by for from in into of off on onto out over to too up with without about after before between during " +
    "not no nor only own same some any all both each few more most other such very just also again once please steward want wants " +
    "need needs get gets got have has had having let make makes made one ones go goes way ways use used using happen happens mean means " +
    "write written new number time times week month day days long big two many much even still really already immediately " +
    "tell know thing things something somebody someone anybody nobody everything "
  ).split(" "),
]);
