import type { LanguageSigns } from "./table.ts";

export const germanSigns: LanguageSigns = {
  negation:
    /\b(?:nicht|nichts|nie|niemals|niemand(?:em|en)?|kein(?:e[nmrs]?)?|keinesfalls|ohne|au(?:ss|s)er|statt|anstatt|weder|verboten|untersteh\w*|bloss)\b/,
  time: /\b(?:morgen|ubermorgen|uebermorgen|heute|gestern|spater|spaeter|nachher|nachts|abends|mitternacht|wochenende|stundlich|taglich|taeglich|wochentlich|woechentlich|monatlich|(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|jede[nrsm]? (?:nacht|tag|morgen|abend|stunde|woche|monat)|(?:nachste|naechste|kommende)[nrsm]?|um \d|in (?:\d+|einer|einem|zwei|drei|zehn) (?:minuten?|stunden?|tag(?:en)?|wochen?))\b/,
  condition:
    /\b(?:wenn|falls|sobald|sofern|solange|bevor|nachdem|ehe|sei denn|erst|bis (?:zum?|die|der|das|alle|ich|wir|er|sie|es))\b/,
  doubt: /\b(?:vielleicht|eventuell|womoglich|moglicherweise|uberlege\w*|entweder|oder)\b/,
  told: /\b(?:sag(?:t|te|ten|en)|gesagt|mein(?:t|te|ten)|schr(?:eibt|ieb|ieben)|geschrieben|laut|behaupte\w*|bat|gebeten|bedeutet|empfiehlt|empfohlen|verlang(?:t|te|en)|steht)\b/,
  unsaid:
    /\bwie (?:letzte\w*|immer|ublich|gestern|vorher|beim|gehabt|der|die|das)\b|\b(?:denselben|dieselbe\w*|dasselbe|gleiche\w*|ubliche\w*)\b/,
  hostile:
    /\b(?:ignorier\w*|vergiss|vergesst|missacht\w*|umgeh\w*|uberspring\w*|deaktivier\w*)\b.{0,60}\b(?:regeln?|anweisung(?:en)?|vorgaben?|richtlinien?|genehmigung(?:en)?|bestatigung(?:en)?|beschrankung(?:en)?|sicherheit\w*)\b|\bdu bist (?:jetzt|nun|ab)\b|\b(?:tu so|gib vor|stell dir vor)\b|\bsystem-?prompt\b/,
  others:
    /\b(?:mandant(?:en)?|(?:andere[nrms]?|alle[nr]?|jede[nrms]?|fremde[nrms]?) (?:kunde\w*|firmen?|unternehmen|organisation\w*))\b/,
};
