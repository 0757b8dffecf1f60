import type { LanguageTable } from "./table.ts";

export const french: LanguageTable = {
  words: `
    add: crée créer créez ajoute ajouter ajoutez donne donner donnez ai_besoin avons_besoin a_besoin fais inscris
    remove: supprime supprimer supprimez efface effacer enlève enlever retire retirer
    lock: verrouille verrouiller verrouillez bloque bloquer
    unlock: déverrouille déverrouiller débloque débloquer
    reset: réinitialise réinitialiser
    restart: redémarre redémarrer redémarrez relance relancer
    setup: installe installer installez configure configurer mets_en_place mettre_en_place
    show: affiche afficher affichez montre montrer montrez dis
    list: liste lister
    open: ouvre ouvrir ouvrez
    close: ferme fermer fermez
    update: mets+jour mettez+jour mettre+jour mets_à_jour mettre_à_jour mise_à_jour mises_à_jour
    issue: émets émettre délivre délivrer
    renew: renouvelle renouveler renouvelez
    forward: transfère transférer redirige rediriger fais_suivre
    point: pointe pointer
    change: changer
    forgot: oublié a_oublié
    check: vérifie vérifier
    user: utilisateur utilisateurs utilisatrice
    account: compte comptes
    login: accès
    password: mot_de_passe mots_de_passe
    share: partage partages dossier_partagé dossiers_partagés
    folder: dossier
    mailbox: boîte_aux_lettres boîte_mail boîtes_aux_lettres boîtes_mail
    mail: mails courriel courriels courrier e-mail
    address: adresse
    certificate: certificat certificats
    certificate_authority: autorité_de_certification
    firewall: pare-feu
    server: serveur
    file_server: serveur_de_fichiers
    mail_server: serveur_de_messagerie serveur_mail
    name_server: serveur_de_noms
    package: paquet paquets
    security: sécurité
    disk: disque disques
    space: espace place
    full: plein
    free: libre
    log: journaux
    line: ligne lignes
    group: groupe groupes
    record: enregistrement
    running: tourne fonctionne
    system: système
    machine: ordinateur appareil
    valid: valable valide
    left: reste reste-t-il
    read-only: lecture_seule en_lecture_seule
    the: le la les l
    a: un une des
    and: et
    then: puis ensuite
    but: mais
    of: de d du
    to: à au aux vers
    in: en dans
    on: sur
    with: avec
    for: pour
    by: par
    please: s_il_te_plaît s_il_vous_plaît svp stp je j il_faut veux voudrais
    which: que qu quel quelle quels quelles
    who: qui
    how: combien comment
    his: son sa ses
    him: lui
    them: leur
    our: mon ma mes notre nos
    is: est sont est-ce
    are: existent
    hangs: est_bloqué est_planté plante
    home: dossier_personnel répertoire_personnel
    keep: garde garder gardez conserve conserver
    has: ont
    could: peux-tu pouvez-vous pourrais-tu pourriez-vous
    you: vous tu
    this: ce cet cette ces
    all: tous toutes tout toute
    every: chaque
    named: nommé nommée appelé appelée
    new: nouveau nouvelle nouvel nouveaux nouvelles
    last: dernière dernières dernier derniers
    only: seulement uniquement
    me: moi nous me
    thanks: merci
    hello: bonjour salut
    now: maintenant
    should: devrions devrais faut-il
    before: avant
    after: après`,
  numbers: `un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept
    dix-huit dix-neuf vingt trente quarante cinquante soixante - - - cent`,
  units: {
    days: "jour jours",
    weeks: "semaine semaines",
    months: "mois",
    years: "an ans année années",
    hours: "heure heures",
    seconds: "seconde secondes",
    lines: "ligne lignes",
  },
};
