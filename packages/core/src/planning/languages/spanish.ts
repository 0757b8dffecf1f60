import type { LanguageSigns, LanguageTable } from "./table.ts";

export const spanish: LanguageTable = {
  words: `
    add: crea crear créame añade añadir agrega agregar da dale dar da_de_alta dar_de_alta registra registrar haz hazme necesita necesito necesitamos pon
    remove: elimina eliminar elimínalo borra borrar bórralo quita quitar suprime suprimir da_de_baja dar_de_baja
    lock: bloquea bloquear bloquéalo
    unlock: desbloquea desbloquear desbloquéalo
    reset: restablece restablecer resetea resetear
    restart: reinicia reiniciar reinícialo
    setup: configura configurar instala instalar monta montar
    show: muestra muéstrame mostrar enseña enséñame dime
    list: lista listar
    open: abre abrir
    close: cierra cerrar
    update: actualiza actualizar actualización actualizaciones pon_al_día
    issue: emite emitir expide
    renew: renueva renovar
    forward: reenvía reenviar redirige redirigir
    point: apunta apuntar
    change: cambia cambiar
    forgot: olvidó olvidado ha_olvidado
    check: comprueba comprobar
    user: usuario usuarios usuaria usuarias
    account: cuenta cuentas
    login: acceso
    password: contraseña contraseñas
    share: carpeta_compartida carpetas_compartidas recurso_compartido recursos_compartidos
    folder: carpeta
    mailbox: buzón buzones buzón_de_correo
    mail: correo correos correo_electrónico
    address: dirección
    certificate: certificado certificados
    certificate_authority: autoridad_de_certificación autoridad_certificadora
    port: puerto puertos
    firewall: cortafuegos
    service: servicio servicios
    server: servidor
    file_server: servidor_de_archivos servidor_de_ficheros
    mail_server: servidor_de_correo
    name_server: servidor_de_nombres
    machine: máquina equipo ordenador computadora
    package: paquete paquetes
    security: seguridad
    disk: disco discos
    space: espacio
    full: lleno
    free: libre
    log: bitácora registros
    log_of: registro_de registro_del registros_de
    home: carpeta_personal directorio_personal
    keep: conserva conservar mantén mantener conservando manteniendo
    journal: diario
    dns_record: registro_dns
    line: línea líneas
    group: grupo grupos
    running: funcionando funciona en_marcha corriendo activo
    hangs: colgado se_ha_colgado
    system: sistema
    valid: válido
    left: queda
    read-only: solo_lectura de_solo_lectura sólo_lectura
    the: el la los las
    a: un una unos unas
    and: y e
    then: luego después entonces
    but: pero
    of: de del
    to: a al
    in: en
    with: con
    for: para por
    please: por_favor se quiero quisiera queremos
    which: que qué cuál cuáles
    who: quién quiénes
    how: cuánto cuánta cuántos cuántas cómo
    his: su sus
    him: le
    it: lo
    our: mi mis nuestro nuestra nuestros nuestras
    is: está están es son
    are: hay
    has: tiene tienen ha
    could: puedes podrías puede
    this: este estos
    all: todos todas todo toda
    every: cada
    named: llamado llamada
    new: nuevo nueva nuevos nuevas
    last: últimas últimos última último
    only: solo sólo solamente
    me: me nos
    thanks: gracias
    hello: hola
    now: ahora
    again: de_nuevo otra_vez
    should: deberíamos debería debo
    before: antes`,
  numbers: `uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete
    dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien`,
  units: {
    days: "día días",
    weeks: "semana semanas",
    months: "mes meses",
    years: "año años",
    hours: "hora horas",
    minutes: "minuto minutos",
    seconds: "segundo segundos",
    lines: "línea líneas",
  },
};

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
