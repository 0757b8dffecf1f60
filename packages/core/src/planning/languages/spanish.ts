import type { LanguageTable } from "./table.ts";

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
