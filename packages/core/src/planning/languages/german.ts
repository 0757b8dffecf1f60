import type { LanguageTable } from "./table.ts";

export const german: LanguageTable = {
  words: `
    add: erstelle erstell erstellen anlegen lege+an leg+an anzulegen hinzufügen füge+hinzu füg+hinzu erzeuge erzeugen mache mach machen gib gebt brauche brauchen braucht benötige benötigen benötigt eintragen trage+ein trag+ein
    remove: lösche lösch löschen entferne entfern entfernen nimm+weg gelöscht_werden entfernt_werden
    lock: sperre sperr sperren aussperren sperre+aus sperr+aus blockiere blockieren gesperrt_werden
    unlock: entsperre entsperr entsperren freischalten schalte+frei entsperrt_werden
    reset: zurücksetzen setze+zurück setz+zurück zurückgesetzt_werden
    restart: starte+neu start+neu neu_starten neustarten durchstarten neu_gestartet_werden neugestartet_werden
    setup: einrichten richte+ein richt+ein installiere installier installieren konfiguriere konfigurieren setze+auf aufsetzen
    show: zeige zeig zeigen zeige+an zeig+an anzeigen liste+auf auflisten
    list: liste
    open: öffne öffnen geöffnet_werden mache+auf mach+auf aufmachen
    close: schließe schließ schließen geschlossen_werden mache+zu mach+zu zumachen
    update: aktualisiere aktualisieren aktualisierung aktualisierungen updates einspielen aktualisiert_werden spiele+ein spiel+ein
    issue: ausstellen stelle+aus stell+aus
    renew: erneuere erneuern erneuert_werden verlängert_werden verlängere verlängern
    forward: weiterleiten leite+weiter leit+weiter umleiten leite+um
    change: ändere ändern
    forgot: vergessen
    check: prüfe prüfen
    user: benutzer benutzers nutzer nutzers benutzerin anwender
    account: konto konten kontos benutzerkonto benutzerkonten
    login: zugang anmelden anmeldung
    password: passwort passworts kennwort kennworts
    mail_password: mailpasswort mailkennwort
    samba_password: sambapasswort sambakennwort
    share: freigabe freigaben netzwerkfreigabe dateifreigabe
    network_drive: netzlaufwerk
    folder: ordner verzeichnis
    home: homeverzeichnis heimatverzeichnis
    keep: behalte behalten
    mailbox: postfach postfächer postfachs mailkonto
    mail: mails email e-mail e-mails post
    mail_for: mails_an mail_an post_an
    address: adresse
    certificate: zertifikat zertifikats zertifikate
    certificate_authority: zertifizierungsstelle
    service: dienst dienstes dienste
    package: paket pakete
    security_update: sicherheitsupdates sicherheitsaktualisierungen
    security: sicherheit
    disk: festplatte platte festplatten
    space: platz speicherplatz plattenplatz
    full: voll
    free: frei freier
    machine: rechner maschine gerät kiste
    file_server: dateiserver
    mail_server: mailserver
    name_server: nameserver
    group: gruppe gruppen
    record: eintrag
    log: logs logdatei
    running: läuft
    hangs: hängt abgestürzt
    system: systems
    computer: computer computers
    valid: gültig
    point: verweise lass+zeigen
    name: namen
    still: noch
    read-only: nur_lesen nur_lesend schreibgeschützt
    the: der die das den dem des
    a: ein eine einen einem einer eines
    and: und sowie
    then: dann danach anschließend
    but: aber
    for: für
    of: von vom
    from: aus
    on: auf am
    to: an zu zum zur
    in: im
    with: mit
    at: bei
    me: mir mich uns ich wir
    him: ihn ihm
    his: sein seine seinen seiner
    her: ihr ihre ihren ihrem
    it: es
    our: mein meine meinen unser unsere unseren unserem
    this: dieser diese dieses diesen diesem
    is: ist sind
    has: hat haben gibt
    should: soll sollen sollte sollten
    could: kannst könntest können könnt dürfen
    you: du
    please: bitte mal sich gerne einfach
    thanks: danke vielen_dank
    hello: hallo
    all: alle alles allen
    every: jede jeden jedes
    who: wer
    how: wie
    what: was
    which: welche welcher welches
    much: viel
    now: jetzt sofort
    again: wieder
    only: nur
    new: neu neuer neue neuen neues
    named: namens genannt
    last: letzten letzte
    before: vorher zuvor
    after: nachher`,
  numbers: `eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn
    achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert`,
  units: {
    days: "tag tage tagen",
    weeks: "woche wochen",
    months: "monat monate monaten",
    years: "jahr jahre jahren",
    hours: "stunde stunden",
    minutes: "minuten",
    seconds: "sekunde sekunden",
    lines: "zeile zeilen",
  },
};
