/*
 * What people say for what the documentation calls by one name. A word of a question is looked for by these as well, which
 * count less than the word itself. English, and German by its own words: what stands in the documents is English, and a
 * model answers in the language that it is asked in.
 */
const groups: readonly (readonly [words: string, documentation: string])[] = [
  // English
  ["folder directory drive nas files", "share file server samba"],
  ["file", "share samba"],
  ["laptop pc computer desktop client", "windows machine"],
  ["mac macbook macos finder apple", "macos share"],
  ["android iphone ios tablet phone", "phone app share mail"],
  ["box raspberry homeserver nas device", "appliance"],
  ["smb cifs", "samba share"],
  ["email e-mail inbox outlook thunderbird imap smtp postbox", "mail mailbox"],
  ["login logon signin sign-in log", "sign session login"],
  ["sso google okta entra azure keycloak oidc", "issuer sign"],
  ["employee colleague coworker teammate member human", "people person invite principal"],
  ["invite onboard", "invite person"],
  ["role permission privilege rights access", "role grant"],
  ["ssl tls https cert", "certificate"],
  ["customer organisation organization company client", "tenant"],
  ["undo revert rollback roll-back", "undo"],
  ["dry-run dryrun simulate", "preview check"],
  ["diff", "preview check diff"],
  ["cron nightly weekly recurring regularly automatic automatically", "schedule"],
  ["night weekend hours", "window"],
  ["alarm alert notify notification slack webhook telegram", "notification notify"],
  ["log logs history trail", "audit output"],
  ["cost costs price expensive pay", "cost month"],
  ["gpu ollama llm ai model", "worker model ollama claude"],
  ["anthropic", "claude key secret"],
  ["hang hangs hanging hung", "stuck"],
  ["emergency urgent", "broken glass"],
  ["stolen theft thief lost", "stolen revoke"],
  ["throttle throttled 429", "limit rate quota"],
  ["export gdpr dsgvo", "export tenant"],
  ["disable", "disable lock suspend"],
  ["halt", "freeze pause"],
  ["script api automation ci", "token script"],
  ["hostname domain nameserver", "dns name"],
  ["full", "disk"],
  ["space storage", "disk usage"],
  ["patch upgrade", "packages update upgrade"],
  // German
  ["aufbewahrt aufbewahren gespeichert speichern", "kept keep store"],
  ["gross groesse", "size quota"],
  ["darf duerfen erlaubt verboten verbieten", "may forbid policy"],
  ["schreiben tippen eingeben", "write typed"],
  ["anfrage anfragen wunsch auftrag", "request task"],
  ["sicherheitsupdate sicherheitsupdates updates update", "packages update security"],
  ["einspielen", "install update"],
  ["kontingente quote obergrenze hoechstens maximal", "quota limit"],
  ["erhoehen heraufsetzen mehr", "raise more"],
  ["zugang zugaenge", "account access sign"],
  ["gekuendigt kuendigung ausgeschieden verlassen", "left remove disable"],
  ["bild bilder fotos foto musik", "photos share files"],
  ["handy telefon smartphone", "phone"],
  ["drucker scanner", "scanner old device"],
  ["netzwerk netz", "network"],
  ["namen namensserver domaene", "name dns domain"],
  ["browser webseite", "browser"],
  ["fehler fehlgeschlagen scheitert geht schlaegt", "fail failure error"],
  ["warteschlange", "queue"],
  ["wiederherstellen zurueckholen", "restore back"],
  ["stufe stufenweise nach nacheinander wellen welle", "wave canary rollout"],
  ["pause pausieren fortsetzen weitermachen", "pause resume"],
  ["wiederholen nochmal erneut", "retry again"],
  ["ablehnen abgelehnt verweigert", "reject denied refused"],
  ["zweite zweiter person vieraugenprinzip", "second person approver"],
  ["mandantenfaehig andere fremde", "tenant other"],
  ["signatur unterschrift pruefen nachweisen beweisen", "signature verify proves"],
  ["uhrzeit zeitzone sommerzeit", "time zone when"],
  ["uebersicht liste anzeigen zeigen", "list show"],
  ["status zustand", "status"],
  ["warum wieso weshalb grund", "why"],
  ["hinzufuegen aufnehmen", "add"],
  ["umbenennen", "rename"],
  ["nachricht melden meldung informieren", "notification notify"],
  ["verschluesselt verschluesselung", "tls certificate"],
  ["skript automatisieren schnittstelle", "script token api"],
  ["lokal laptop ausprobieren testen", "local cloud try"],
  ["imac", "macos share"],
  ["resigned quit left retired dismissed fired", "remove person left disable"],
  ["unplugged offline dead", "off offline certificate renew"],
  ["readonly look looks read-only", "viewer role read"],
  ["confirm confirms", "approve preview"],
  ["minutes pause wait waits", "pause wait"],
  ["largest biggest maximum minimum", "limit most"],
  ["copy duplicate", "copy"],
  ["vpn remote", "reach network"],
  ["backup backups restore", "backup restore"],
  ["wrong mistake accident accidentally", "undo restore"],
  ["duplicate twice double", "once twice"],
  ["version versions release", "release version upgrade"],
  ["delete deleted erase", "delete remove"],
  ["upload download transfer", "upload files output"],
  ["screen terminal console", "output"],
  ["benutzer nutzer anwender konto konten benutzerkonto", "user account"],
  ["mitarbeiter kollege kollegin mensch leute", "person people principal invite user"],
  ["anlegen hinzufuegen erstellen hinzu neuen neuer", "add invite"],
  ["einladen einladung", "invite"],
  ["loeschen entfernen", "remove delete"],
  ["passwort kennwort passwoerter", "password"],
  ["vergessen", "forgot reset password"],
  ["zuruecksetzen", "reset"],
  ["aendern aenderung", "change"],
  ["riskant risiko gefaehrlich", "risk high"],
  ["betrieb laufend", "run month"],
  ["sperren gesperrt", "lock disable"],
  ["entsperren freischalten", "unlock"],
  ["freigabe freigaben ordner verzeichnis laufwerk netzlaufwerk dateien datei", "share file samba"],
  ["zugreifen zugriff erreichen erreiche verbinden", "reach connect share"],
  ["rechner computer geraet geraete server", "appliance machine"],
  ["postfach postfaecher mail email nachrichten", "mailbox mail"],
  ["weiterleiten weiterleitung", "alias forward mail"],
  ["zertifikat zertifikate", "certificate"],
  ["erneuern abgelaufen ablauf laeuft", "renew expire"],
  ["kunde kunden mandant mandanten", "tenant"],
  ["rolle rollen rechte berechtigung", "role grant"],
  ["genehmigen genehmigung freigeben zustimmen bestaetigen", "approval approve"],
  ["rueckgaengig", "undo"],
  ["vorschau probe probelauf", "preview check"],
  ["zeitplan geplant jede jeden nachts naechtlich woechentlich taeglich regelmaessig", "schedule cron"],
  ["wartungsfenster fenster", "window maintenance"],
  ["einfrieren anhalten stoppen", "freeze pause stop"],
  ["abbrechen abbruch", "cancel"],
  ["benachrichtigen benachrichtigung benachrichtigungen alarm", "notification notify"],
  ["protokoll pruefpfad", "audit trail"],
  ["ausgabe ausgaben", "output"],
  ["kosten kostet preis", "cost month"],
  ["grenze grenzen kontingent limit", "limit quota"],
  ["schluessel", "key"],
  ["geheimnis geheimnisse", "secret"],
  ["wechseln drehen rotieren tauschen", "rotate rotation"],
  ["gestohlen verloren diebstahl", "stolen revoke"],
  ["neustart neustarten starten", "restart reboot"],
  ["aktualisieren aktualisierung aktualisierungen", "update upgrade packages"],
  ["festplatte speicherplatz platte voll", "disk usage"],
  ["einrichten aufsetzen installieren", "set up deploy"],
  ["anmelden anmeldung einloggen", "sign login"],
  ["abmelden", "sign out session"],
  ["dienst dienste", "service"],
  ["haengt fest", "stuck"],
  ["notfall", "broken glass"],
  ["sicher sicherheit", "security"],
  ["exportieren", "export"],
  ["hochladen", "upload"],
  ["umgebung betreiben", "deploy stage"],
  ["modell sprachmodell grafikkarte", "worker model ollama claude"],
];

const byWord = new Map<string, string[]>();
for (const [words, documentation] of groups) {
  for (const word of words.split(" ")) {
    byWord.set(word, [...(byWord.get(word) ?? []), ...documentation.split(" ")]);
  }
}

const byRoot = new Map([...byWord].map(([word, documentation]) => [rootOf(word), documentation]));

/** What the documentation says for a word, which is in lower case and without umlauts (`ae`, `oe`, `ue`, `ss`). */
export function documentationWords(word: string): readonly string[] {
  const own = wordsFor(word);
  if (own !== undefined) return own;
  // German writes several as one: "Benutzerpasswort", "Mailpostfach".
  for (let at = 4; at <= word.length - 4; at += 1) {
    const parts = [wordsFor(word.slice(0, at)), wordsFor(word.slice(at))];
    if (parts[0] !== undefined && parts[1] !== undefined) return [...parts[0], ...parts[1]];
  }
  return [];
}

/** As it stands, or without an ending that German puts to it. */
function wordsFor(word: string): string[] | undefined {
  const own = byWord.get(word);
  if (own !== undefined) return own;
  const root = rootOf(word);
  return root.length < 4 ? undefined : byRoot.get(root);
}

function rootOf(word: string): string {
  return word.replace(/(?:es|en|er|em|e|n|s|t)$/, "").replace(/en$/, "");
}
