import type { LanguageSigns } from "./table.ts";

export const frenchSigns: LanguageSigns = {
  negation:
    /\b(?:ne|pas|jamais|sans|sauf|ni|aucune?|rien|hormis|excepte|au lieu de|plutot que|interdit\w*|defense de|evite[rz]?)\b|\bn['’](?=[aeiouyh])/,
  time: /\b(?:demain|hier|ce soir|cette nuit|ce matin|plus tard|minuit|a midi|bientot|(?:lun|mar|mercre|jeu|vendre|same)dis?|dimanches?|(?:chaque|tous les|toutes les) (?:jours?|nuits?|soirs?|matins?|heures?|semaines?|mois)|a \d+ ?h(?:eures?)?|dans (?:\d+|une?|deux|trois|dix) (?:minutes?|heures?|jours?|semaines?)|week-?end|prochaine?s?|aujourd['’]hui)\b/,
  condition:
    /\b(?:si|s['’]ils?|quand|lorsque?|lorsqu|des que|des qu|au cas|a moins|tant que|tant qu|jusqu|avant d[e']|avant qu|apres avoir|apres qu|une fois)\b/,
  doubt: /\b(?:peut-etre|eventuellement|demande si|pense a|soit|ou)\b/,
  told: /\b(?:dit|disait|disent|ecrit|ecrivait|selon|d['’]apres|demande|signifie|recommande|propose|conseille|voulait)\b/,
  unsaid: /\bcomme (?:d['’]habitude|la|le|les|hier|avant|toujours)\b|\b(?:le|la|les) memes?\b/,
  hostile:
    /\b(?:ignore[rz]?|oublie[rz]?|contourne[rz]?|saute[rz]?|desactive[rz]?)\b.{0,60}\b(?:regles?|instructions?|consignes?|approbations?|confirmations?|politiques?|restrictions?|limites?)\b|\btu es (?:maintenant|desormais)\b|\bfais (?:comme|semblant)\b/,
  others: /\b(?:locataires?|(?:autres?|tous les|chaque) (?:clients?|entreprises?|societes?|organisations?))\b/,
};
