import type { LanguageSigns } from "./table.ts";

export const spanishSigns: LanguageSigns = {
  negation:
    /\b(?:no|nunca|jamas|sin|salvo|excepto|ni|nadie|nada|ningun(?:o|a|os|as)?|tampoco|en (?:vez|lugar) de|prohibid\w*|evita\w*)\b/,
  time: /\b(?:manana|hoy|ayer|esta noche|mas tarde|medianoche|mediodia|lunes|martes|miercoles|jueves|viernes|sabados?|domingos?|(?:cada|todos los|todas las) (?:dias?|noches?|horas?|semanas?|mes(?:es)?)|a las? \d+|dentro de|en (?:\d+|una?|dos|tres|diez) (?:minutos?|horas?|dias?|semanas?)|diariamente|semanalmente|fin de semana|proxim[oa]s?|que viene)\b/,
  condition:
    /\b(?:si|cuando|en caso de|en caso que|siempre que|a menos que|en cuanto|mientras|hasta que|antes de|despues de|una vez)\b/,
  doubt: /\b(?:quizas?|tal vez|a lo mejor|puede que|pensando|acaso)\b|\bo\b/,
  told: /\b(?:dijo|dice[ns]?|dicho|decia|escribio|escribe|segun|pidio|pide|pregunto|significa|recomienda|quiere que|sugiere)\b/,
  unsaid: /\bcomo (?:siempre|la|el|los|las|antes|ayer)\b|\b(?:el mismo|la misma|lo mismo|los mismos|las mismas)\b/,
  hostile:
    /\b(?:ignora\w*|olvida(?:te)?|omite\w*|salta\w*|desactiva\w*|elude\w*)\b.{0,60}\b(?:reglas?|instruccion(?:es)?|normas?|aprobacion(?:es)?|confirmacion(?:es)?|politicas?|restricciones|limites)\b|\b(?:ahora eres|eres ahora|finge|haz como)\b/,
  others:
    /\b(?:inquilinos?|(?:otr[oa]s?|tod[oa]s l[oa]s|cada|cualquier) (?:clientes?|empresas?|organizacion(?:es)?))\b/,
};
