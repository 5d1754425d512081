"""The one table of codes: what each means, whether a retry helps, and how each transport says it.

``Refused`` is how any part below a transport says no to its caller. Expected outcomes of an op
(rejected, conflict) are not errors; REST answers them with the HTTP status of ``OUTCOME_STATUS``.
"""

from dataclasses import dataclass

from configurator.catalogue import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One entry: ``status`` is HTTP, ``close`` the WebSocket close code where the socket ends."""

    name: str
    status: int
    text: Text
    retryable: bool = False
    close: int | None = None


def _code(
    name: str, status: int, de: str, en: str, *, retryable: bool = False, close: int | None = None
) -> Code:
    return Code(name=name, status=status, text=Text(de=de, en=en), retryable=retryable, close=close)


CODES: dict[str, Code] = {
    code.name: code
    for code in (
        _code(
            "malformed_message",
            400,
            "Diese Nachricht ist kein JSON in der vereinbarten Form. Prüfe die genannte Stelle.",
            "This message is not JSON of the agreed shape. Check the place that is named.",
        ),
        _code(
            "unknown_message_type",
            400,
            "Diesen Nachrichtentyp gibt es nicht. Die Liste steht unter /developers.",
            "There is no such message type. The list is at /developers.",
        ),
        _code(
            "message_too_large",
            413,
            "Diese Nachricht ist größer als 64 kB. Teile sie auf.",
            "This message is larger than 64 kB. Split it.",
            close=1009,
        ),
        _code(
            "request_unreadable",
            400,
            "Diese Anfrage ist kein HTTP/1.1, wie RFC 9112 es beschreibt. Prüfe Anfragezeile, Host und "
            "Länge.",
            "This request is not HTTP/1.1 as RFC 9112 describes it. Check request line, Host and length.",
        ),
        _code(
            "transfer_coding_unknown",
            501,
            "So übertragen lesen wir nichts. Sende den Inhalt mit Content-Length oder nur mit "
            "Transfer-Encoding: chunked.",
            "We do not read what is transferred in this way. Send the body with Content-Length, or with "
            "Transfer-Encoding: chunked alone.",
        ),
        _code(
            "head_too_large",
            431,
            "Adresse und Header dieser Anfrage sind zu groß. Kürze sie; zu viele Cookies lassen sich im "
            "Browser löschen.",
            "Address and headers of this request are too large. Shorten them; too many cookies can be "
            "deleted in the browser.",
        ),
        _code(
            "unsupported_media_type",
            415,
            "Bitte sende JSON (Content-Type: application/json).",
            "Please send JSON (Content-Type: application/json).",
        ),
        _code(
            "unsupported_encoding",
            415,
            "So gepackt lesen wir nichts. Sende es ungepackt oder mit Content-Encoding gzip oder deflate.",
            "We do not read what is packed in this way. Send it unpacked, or with Content-Encoding gzip or deflate.",
        ),
        _code(
            "upgrade_required",
            426,
            "Diese Adresse ist ein WebSocket. Öffne sie als solchen, mit ws:// oder wss://.",
            "This address is a WebSocket. Open it as one, with ws:// or wss://.",
        ),
        _code(
            "handshake_unusable",
            400,
            "So lässt sich diese Verbindung nicht öffnen. Prüfe die Adresse; Socket.IO braucht EIO=4.",
            "This connection cannot be opened in this way. Check the address; Socket.IO needs EIO=4.",
        ),
        _code(
            "client_too_old",
            426,
            "Dieses Programm spricht eine andere Version des Protokolls. Lade die Seite neu.",
            "This client speaks another version of the protocol. Reload or update it.",
            close=4010,
        ),
        _code(
            "client_too_new",
            426,
            "Dieser Server spricht diese Version des Protokolls noch nicht. Verbinde dich gleich neu.",
            "This server does not speak that version of the protocol yet. Connect again in a moment.",
            retryable=True,
            close=4011,
        ),
        _code(
            "hello_first",
            400,
            "Die erste Nachricht muss hello sein.",
            "The first message must be hello.",
        ),
        _code(
            "not_authenticated",
            401,
            "Wir wissen nicht, wer du bist. Sende deinen Zugang mit oder öffne die Startseite.",
            "We do not know who you are. Send your token or open the start page.",
            close=4001,
        ),
        _code(
            "cookies_needed",
            400,
            "Dein Browser lässt keine Cookies zu. Wir brauchen eines, damit dein Haus dir gehört und "
            "du es wiederfindest. Erlaube sie für diese Seite und versuche es noch einmal.",
            "Your browser does not allow cookies. We need one so that your house is yours and you "
            "find it again. Allow them for this page and try again.",
        ),
        _code(
            "cookies_differ",
            409,
            "Dein Browser hat von uns zwei verschiedene Cookies mit demselben Namen geschickt, und eines "
            "davon ist nicht von uns. Wir glauben keinem. Versuche es noch einmal; wenn das wieder hier "
            "steht, lösche die Cookies dieser Website.",
            "Your browser sent two different cookies of ours with the same name, and one of them is not "
            "from us. We believe neither. Try again; if you read this again, delete the cookies of this "
            "website.",
        ),
        _code(
            "foreign_origin",
            403,
            "Diese Anfrage kommt von einer anderen Website. Öffne den Konfigurator direkt.",
            "This request comes from another website. Open the configurator itself.",
            close=4003,
        ),
        _code(
            "not_found",
            404,
            "Dieses Haus gibt es nicht, oder es wurde nicht mit dir geteilt. Bitte um eine Einladung.",
            "This house does not exist or was not shared with you. Ask for an invitation.",
        ),
        _code(
            "page_not_found",
            404,
            "Unter dieser Adresse gibt es nichts. Die Liste steht unter /docs.",
            "There is nothing at this address. The list is at /docs.",
        ),
        _code(
            "namespace_unknown",
            404,
            "Diesen Namespace gibt es nicht. Verbinde dich mit /configurator: "
            "io(adresse + '/configurator').",
            "There is no such namespace. Connect to /configurator: io(url + '/configurator').",
        ),
        _code(
            "method_not_allowed",
            405,
            "Diese Adresse versteht diese Methode nicht. Die Liste steht unter /docs.",
            "This address does not understand this method. The list is at /docs.",
        ),
        _code(
            "read_only",
            403,
            "Du siehst dieses Haus nur an. Bitte um eine Einladung zum Bearbeiten.",
            "You are viewing this house only. Ask for an invitation to edit it.",
        ),
        _code(
            "owners_only",
            403,
            "Das darf nur, wem dieses Haus gehört. Bitte diese Person darum.",
            "Only the owner of this house may do this. Ask them to do it.",
        ),
        _code(
            "people_only",
            403,
            "Das geht nur als Person, nicht in einer Admin-Sitzung. Nimm den Zugang einer Person.",
            "This is for people, not for an admin session. Use the token of a person.",
        ),
        _code(
            "name_unusable",
            422,
            "Ein Name hat 1 bis 40 sichtbare Zeichen. Wähle einen anderen.",
            "A name has 1 to 40 visible characters. Choose another one.",
        ),
        _code(
            "name_reserved",
            422,
            "So heißt, wer bei NEST-Haus arbeitet. Wähle einen anderen Namen.",
            "This is how people of NEST-Haus are called. Choose another name.",
        ),
        _code(
            "not_joined",
            409,
            "Betritt zuerst das Haus mit join.",
            "Join the configuration first.",
        ),
        _code(
            "already_joined",
            409,
            "Diese Verbindung ist schon in zu vielen Häusern. Verlasse erst eines mit leave.",
            "This connection is in too many configurations already. Leave one first.",
        ),
        _code(
            "op_id_reused",
            409,
            "Diese op_id gehört schon zu einer anderen Änderung. Nimm für jede Änderung eine neue.",
            "This op_id already belongs to another change. Use a new one for each change.",
        ),
        _code(
            "version_unknown",
            409,
            "Diese Version gibt es nicht. Lade den neuesten Stand und versuche es noch einmal.",
            "This version does not exist. Load the latest state and try again.",
        ),
        _code(
            "op_unknown",
            404,
            "Diese Änderung ist nicht gespeichert. Sende sie mit derselben op_id noch einmal.",
            "This op is not stored. Sending it again with the same op_id is safe.",
        ),
        _code(
            "access_revoked",
            403,
            "Dein Zugang zu diesem Haus wurde beendet. Bitte um eine neue Einladung.",
            "Your access to this house has ended. Ask for a new invitation.",
        ),
        _code(
            "too_many_requests",
            429,
            "Das war zu viel auf einmal und wurde nicht ausgeführt. Warte kurz und sende es erneut.",
            "Too much at once; this was not carried out. Wait as told, then send it again.",
            retryable=True,
        ),
        _code(
            "too_many_pages",
            429,
            "Aus deinem Netz sind hier schon sehr viele Seiten offen. Schließe einige und versuche es in einer Minute noch einmal.",
            "Very many pages are open here from your network. Close some and try again in a minute.",
            retryable=True,
        ),
        _code(
            "pages_full",
            503,
            "Gerade sind hier so viele Seiten offen, wie möglich ist. Versuche es in einer Minute noch einmal.",
            "As many pages are open here as possible just now. Try again in a minute.",
            retryable=True,
        ),
        _code(
            "too_many_houses",
            409,
            "Du hast so viele Häuser, wie eine Person haben kann. Arbeite an einem davon weiter.",
            "You have as many houses as one person may have. Go on with one of them.",
        ),
        _code(
            "too_many_links",
            409,
            "Dieses Haus hat so viele offene Einladungen, wie es haben kann. Beende zuerst eine davon.",
            "This house has as many open invitations as it may have. End one of them first.",
        ),
        _code(
            "flooding",
            429,
            "Diese Verbindung hat trotz Hinweis weiter zu viel gesendet. Verbinde dich später neu.",
            "This connection went on sending too much although told. Connect again later.",
            retryable=True,
            close=4029,
        ),
        _code(
            "request_too_slow",
            408,
            "Diese Anfrage kam zu langsam und wurde nicht ausgeführt. Sende sie noch einmal.",
            "This request came too slowly and was not carried out. Send it again.",
            retryable=True,
        ),
        _code(
            "too_many_connections",
            429,
            "Aus deinem Netz sind zu viele Verbindungen offen. Schließe Tabs, die du nicht brauchst, "
            "und versuche es gleich noch einmal.",
            "Too many connections are open from your network. Close tabs that you do not need and try "
            "again in a moment.",
            retryable=True,
        ),
        _code(
            "server_full",
            503,
            "Gerade sind zu viele Leute hier. Versuche es gleich noch einmal.",
            "Too many people are here just now. Try again in a moment.",
            retryable=True,
        ),
        _code(
            "unknown_catalogue",
            404,
            "Diesen Katalog gibt es nicht. GET /api/catalogue nennt den aktuellen.",
            "There is no such catalogue. GET /api/catalogue names the current one.",
        ),
        _code(
            "unusable_selection",
            422,
            "Diese Auswahl passt nicht zum Katalog. Die genannte Stelle sagt, was fehlt.",
            "This selection does not fit the catalogue. The place that is named says why.",
        ),
        _code(
            "invitation_unusable",
            410,
            "Diese Einladung gilt nicht mehr. Bitte um eine neue.",
            "This invitation is no longer valid. Ask for a new one.",
        ),
        _code(
            "owner_stays",
            403,
            "Wem das Haus gehört, bleibt darin. Alle anderen kannst du entfernen.",
            "The owner of a house stays in it. Everybody else can be removed.",
        ),
        _code(
            "link_unknown",
            404,
            "Diesen Link gibt es in diesem Haus nicht. Lies die Liste der Links neu.",
            "This house has no such link. Read the list of links again.",
        ),
        _code(
            "participant_unknown",
            404,
            "Diese Person hatte in diesem Haus nie eine Rolle. Lies die Liste der Personen neu.",
            "This person never had a role in this house. Read the list of people again.",
        ),
        _code(
            "consent_required",
            422,
            "Bitte stimme zu, dass wir deine Angaben zur Beantwortung verwenden.",
            "Please agree that we may use your details to answer you.",
        ),
        _code(
            "email_unusable",
            422,
            "An diese E-Mail-Adresse können wir nicht antworten. Prüfe die Schreibweise.",
            "We cannot answer to this e-mail address. Check its spelling.",
        ),
        _code(
            "house_changed",
            409,
            "Das Haus hat sich gerade geändert. Nichts wurde gesendet: Sieh nach, wie es jetzt ist, und sende dann noch einmal.",
            "The house has just changed. Nothing was sent: look at how it is now, then send again.",
        ),
        _code(
            "inquiry_id_reused",
            409,
            "Diese Anfrage wurde schon mit anderen Angaben gesendet. Sende sie als neue Anfrage.",
            "This inquiry was already sent with other details. Send it as a new one.",
        ),
        _code(
            "login_unusable",
            401,
            "Dieser Anmeldelink gilt nicht mehr. Erzeuge einen neuen mit: nest admin-link",
            "This login link is no longer valid. Make a new one with: nest admin-link",
        ),
        _code(
            "way_back_unusable",
            410,
            "Dieser Link zum Wiederkommen gilt nicht mehr: Er wurde schon benutzt, durch einen "
            "neueren ersetzt oder ist abgelaufen.",
            "This link back is no longer valid: it was used, was replaced by a newer one, or has "
            "run out.",
        ),
        _code(
            "already_somebody",
            409,
            "Dieser Browser gehört schon jemand anderem. Vergiss zuerst dieses Gerät, dann öffne den "
            "Link noch einmal.",
            "This browser already belongs to somebody else. Forget this device first, then open the "
            "link again.",
        ),
        _code(
            "admins_only",
            401,
            "Das sehen nur Admins. Öffne den Anmeldelink aus: nest admin-link",
            "Only admins see this. Open the login link from: nest admin-link",
        ),
        _code(
            "subject_unknown",
            404,
            "Dazu ist nichts bekannt. Gemeint ist die Kennung einer Person oder eines Besuchs oder "
            "die E-Mail-Adresse einer Anfrage.",
            "Nothing is known of this. Give the id of a person or of a session, or the e-mail "
            "address of an inquiry.",
        ),
        _code(
            "not_confirmed",
            400,
            "Bitte gib zur Bestätigung noch einmal genau dasselbe ein. Es wurde nichts gelöscht.",
            "Please type exactly the same once more to confirm. Nothing was erased.",
        ),
        _code(
            "query_unusable",
            400,
            "Diese Abfrage passt nicht. Die genannte Stelle sagt, was fehlt.",
            "This query does not fit. The place that is named says why.",
        ),
        _code(
            "session_unknown",
            404,
            "Diese Sitzung gibt es nicht, oder sie wurde gelöscht.",
            "This session does not exist, or was erased.",
        ),
        _code(
            "dashboard_link_unusable",
            401,
            "Dieser Link gilt nicht mehr. Bitte um einen neuen.",
            "This link is no longer valid. Ask for a new one.",
        ),
        _code(
            "event_unusable",
            400,
            "Dieses Ereignis hat nicht die vereinbarte Form. Prüfe die genannte Stelle.",
            "This event does not have the agreed shape. Check the place that is named.",
        ),
        _code(
            "not_saved",
            503,
            "Das ist vielleicht noch nicht gespeichert: ein Dienst antwortet gerade nicht."
            " Versuche es gleich noch einmal.",
            "This may not be saved yet: a service does not answer just now. Try again in a moment.",
            retryable=True,
        ),
        _code(
            "unavailable",
            503,
            "Das geht gerade nicht, weil ein Dienst nicht antwortet. Versuche es gleich noch einmal.",
            "A service does not answer just now. Try again in a moment.",
            retryable=True,
        ),
        _code(
            "slow_reader",
            503,
            "Diese Verbindung liest zu langsam und wurde getrennt. Verbinde dich neu.",
            "This connection reads too slowly and was closed. Connect again to resume.",
            retryable=True,
            close=4008,
        ),
        _code(
            "restarting",
            503,
            "Der Server startet neu. Verbinde dich gleich wieder.",
            "The server restarts. Connect again in a moment.",
            retryable=True,
            close=1012,
        ),
        _code(
            "internal",
            500,
            "Bei uns ist etwas schiefgegangen, und wir wissen davon. Versuche es noch einmal.",
            "Something went wrong on our side and we know about it. Try again.",
            retryable=True,
        ),
    )
}

OUTCOME_STATUS = {"committed": 200, "adjusted": 200, "rejected": 422, "conflict": 409}
"""HTTP status of an op's outcome."""


class Refused(Exception):  # noqa: N818 - an answer to the caller, not a failure of ours
    """A request that is not carried out; ``code`` is a key of ``CODES``."""

    def __init__(
        self, code: str, *, detail: str | None = None, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(code)
        self.code = CODES[code]
        self.detail = detail
        self.retry_after_ms = retry_after_ms
