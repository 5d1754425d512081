"""Codes of requests and messages that cannot be understood, and of unknown callers."""

from configurator.protocol.code import Code, code

REQUEST_CODES: tuple[Code, ...] = (
    code(
        "malformed_message",
        400,
        "Diese Nachricht ist kein JSON in der vereinbarten Form. Prüfe die genannte Stelle.",
        "This message is not JSON of the agreed shape. The detail names the place.",
    ),
    code(
        "unknown_message_type",
        400,
        "Diesen Nachrichtentyp gibt es nicht. Unter /developers stehen alle Typen.",
        "There is no such message type. /developers lists all types.",
    ),
    code(
        "message_too_large",
        413,
        "Diese Nachricht ist größer als 64 kB. Teile sie auf.",
        "This message is larger than 64 kB. Split it.",
        close=1009,
    ),
    code(
        "request_unreadable",
        400,
        "Diese Anfrage ist kein HTTP/1.1, wie RFC 9112 es beschreibt. Prüfe Anfragezeile, "
        "Host-Header und Länge.",
        "This request is not HTTP/1.1 as RFC 9112 describes it. Check the request line, the Host "
        "header and the length.",
    ),
    code(
        "transfer_coding_unknown",
        501,
        "Diese Transfer-Codierung verstehen wir nicht. Sende den Inhalt mit Content-Length oder "
        "nur mit Transfer-Encoding: chunked.",
        "We do not understand this transfer coding. Send the body with Content-Length, or with "
        "Transfer-Encoding: chunked alone.",
    ),
    code(
        "head_too_large",
        431,
        "Adresse und Header dieser Anfrage sind zu groß. Kürze sie. Wenn dein Browser zu viele "
        "Cookies sendet, lösche einige.",
        "The address and headers of this request are too large. Shorten them. If your browser "
        "sends too many cookies, delete some.",
    ),
    code(
        "unsupported_media_type",
        415,
        "Bitte sende JSON (Content-Type: application/json).",
        "Please send JSON (Content-Type: application/json).",
    ),
    code(
        "unsupported_encoding",
        415,
        "Diese Komprimierung verstehen wir nicht. Sende den Inhalt unkomprimiert oder mit "
        "Content-Encoding gzip oder deflate.",
        "We do not understand this compression. Send the body uncompressed, or with "
        "Content-Encoding gzip or deflate.",
    ),
    code(
        "upgrade_required",
        426,
        "Diese Adresse ist für WebSockets. Öffne sie mit ws:// oder wss://.",
        "This address is for WebSockets. Open it with ws:// or wss://.",
    ),
    code(
        "handshake_unusable",
        400,
        "So lässt sich diese Verbindung nicht öffnen. Prüfe die Adresse; Socket.IO braucht EIO=4.",
        "This connection cannot be opened in this way. Check the address; Socket.IO needs EIO=4.",
    ),
    code(
        "client_too_old",
        426,
        "Dieses Programm spricht eine ältere Version des Protokolls. Lade die Seite neu oder "
        "aktualisiere das Programm.",
        "This client speaks an older version of the protocol. Reload the page or update the "
        "program.",
        close=4010,
    ),
    code(
        "client_too_new",
        426,
        "Dieser Server spricht diese Version des Protokolls noch nicht. Verbinde dich gleich noch"
        " einmal.",
        "This server does not speak that version of the protocol yet. Connect again in a moment.",
        retryable=True,
        close=4011,
    ),
    code(
        "hello_first",
        400,
        "Die erste Nachricht muss hello sein.",
        "The first message must be hello.",
    ),
    code(
        "not_authenticated",
        401,
        "Wir wissen nicht, wer du bist. Sende dein Token mit oder öffne die Startseite.",
        "We do not know who you are. Send your token or open the start page.",
        close=4001,
    ),
    code(
        "cookies_needed",
        400,
        "Dein Browser lässt keine Cookies zu. Wir brauchen eines, damit dein Haus dir gehört und "
        "du es wiederfindest. Erlaube sie für diese Seite und versuche es noch einmal.",
        "Your browser does not allow cookies. We need one so that your house belongs to you and "
        "you find it again. Allow cookies for this page and try again.",
    ),
    code(
        "cookies_differ",
        409,
        "Dein Browser hat uns zwei verschiedene Cookies mit demselben Namen geschickt, und eines "
        "davon ist nicht von uns. Wir glauben keinem. Versuche es noch einmal. Wenn diese Meldung"
        " wieder erscheint, lösche die Cookies dieser Website.",
        "Your browser sent us two different cookies with the same name, and one of them is not "
        "from us. We believe neither. Try again. If this message appears again, delete the "
        "cookies of this website.",
    ),
    code(
        "foreign_origin",
        403,
        "Diese Anfrage kommt von einer anderen Website. Öffne den Konfigurator direkt.",
        "This request comes from another website. Open the configurator directly.",
        close=4003,
    ),
    code(
        "not_found",
        404,
        "Dieses Haus gibt es nicht, oder es wurde nicht mit dir geteilt. Bitte um eine Einladung.",
        "This house does not exist or was not shared with you. Ask for an invitation.",
    ),
    code(
        "page_not_found",
        404,
        "Unter dieser Adresse gibt es nichts. Unter /docs stehen alle Adressen.",
        "There is nothing at this address. /docs lists all addresses.",
    ),
    code(
        "namespace_unknown",
        404,
        "Diesen Namespace gibt es nicht. Verbinde dich mit /configurator: "
        "io(adresse + '/configurator').",
        "There is no such namespace. Connect to /configurator: io(url + '/configurator').",
    ),
    code(
        "method_not_allowed",
        405,
        "Diese Adresse versteht diese Methode nicht. Unter /docs stehen die Methoden jeder "
        "Adresse.",
        "This address does not understand this method. /docs lists the methods of each address.",
    ),
)
