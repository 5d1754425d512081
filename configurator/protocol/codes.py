"""The one table of codes: for each its meaning, whether a retry helps, and its form in transports.

Every part below a transport refuses a request by raising ``Refused``. Expected outcomes of an op
(rejected, conflict) are not errors; REST answers them with the HTTP status of ``OUTCOME_STATUS``.
"""

from configurator.protocol.code import Code, code
from configurator.protocol.request_codes import REQUEST_CODES

CODES: dict[str, Code] = {
    each.name: each
    for each in (
        *REQUEST_CODES,
        code(
            "read_only",
            403,
            "Du siehst dieses Haus nur an. Bitte um eine Einladung zum Bearbeiten.",
            "You are viewing this house only. Ask for an invitation to edit it.",
        ),
        code(
            "owners_only",
            403,
            "Das darf nur die Person, der dieses Haus gehört. Bitte sie darum.",
            "Only the owner of this house may do this. Ask them to do it.",
        ),
        code(
            "people_only",
            403,
            "Das geht nur als Person, nicht in einer Admin-Sitzung. Nimm das Token einer Person.",
            "Only a person can do this, not an admin session. Use the token of a person.",
        ),
        code(
            "name_unusable",
            422,
            "Ein Name hat 1 bis 40 sichtbare Zeichen. Wähle einen anderen.",
            "A name has 1 to 40 visible characters. Choose another one.",
        ),
        code(
            "name_reserved",
            422,
            "Dieser Name ist dem Team von NEST-Haus vorbehalten. Wähle einen anderen.",
            "This name is reserved for the team of NEST-Haus. Choose another one.",
        ),
        code(
            "not_joined",
            409,
            "Betritt zuerst das Haus mit join.",
            "Join the configuration first.",
        ),
        code(
            "already_joined",
            409,
            "Diese Verbindung ist schon in zu vielen Häusern. Verlasse erst eines mit leave.",
            "This connection is in too many configurations. Leave one first.",
        ),
        code(
            "op_id_reused",
            409,
            "Diese op_id gehört schon zu einer anderen Änderung. Nimm für jede Änderung eine neue.",
            "This op_id already belongs to another change. Use a new one for each change.",
        ),
        code(
            "version_unknown",
            409,
            "Diese Version gibt es nicht. Lade den neuesten Stand und versuche es noch einmal.",
            "This version does not exist. Load the latest state and try again.",
        ),
        code(
            "op_unknown",
            404,
            "Diese Änderung ist nicht gespeichert. Du kannst sie gefahrlos mit derselben op_id "
            "noch einmal senden.",
            "This op is not stored. You can safely send it again with the same op_id.",
        ),
        code(
            "access_revoked",
            403,
            "Dein Zugang zu diesem Haus wurde beendet. Bitte um eine neue Einladung.",
            "Your access to this house has ended. Ask for a new invitation.",
        ),
        code(
            "too_many_requests",
            429,
            "Das war zu viel auf einmal und wurde nicht ausgeführt. Warte kurz und sende es erneut.",
            "This was too much at once and was not carried out. Wait a moment, then send it again.",
            retryable=True,
        ),
        code(
            "too_many_pages",
            429,
            "Aus deinem Netz sind hier zu viele Seiten offen. Schließe einige und versuche es in "
            "einer Minute noch einmal.",
            "Too many pages are open here from your network. Close some and try again in a minute.",
            retryable=True,
        ),
        code(
            "pages_full",
            503,
            "Gerade können hier keine weiteren Seiten geöffnet werden. Versuche es in einer "
            "Minute noch einmal.",
            "No more pages can be opened here just now. Try again in a minute.",
            retryable=True,
        ),
        code(
            "too_many_houses",
            409,
            "Du hast so viele Häuser, wie eine Person haben kann. Arbeite an einem davon weiter.",
            "You have as many houses as one person may have. Continue with one of them.",
        ),
        code(
            "too_many_links",
            409,
            "Dieses Haus hat so viele offene Einladungen, wie es haben kann. Beende zuerst eine davon.",
            "This house has as many open invitations as it may have. End one of them first.",
        ),
        code(
            "flooding",
            429,
            "Diese Verbindung hat trotz Hinweis weiter zu viel gesendet. Verbinde dich später "
            "noch einmal.",
            "This connection kept sending too much although it was told to wait. Connect again "
            "later.",
            retryable=True,
            close=4029,
        ),
        code(
            "request_too_slow",
            408,
            "Diese Anfrage kam zu langsam und wurde nicht ausgeführt. Sende sie noch einmal.",
            "This request came too slowly and was not carried out. Send it again.",
            retryable=True,
        ),
        code(
            "too_many_connections",
            429,
            "Aus deinem Netz sind zu viele Verbindungen offen. Schließe Tabs, die du nicht brauchst, "
            "und versuche es gleich noch einmal.",
            "Too many connections are open from your network. Close tabs that you do not need and try "
            "again in a moment.",
            retryable=True,
        ),
        code(
            "server_full",
            503,
            "Gerade sind zu viele Leute hier. Versuche es gleich noch einmal.",
            "Too many people are here just now. Try again in a moment.",
            retryable=True,
        ),
        code(
            "unknown_catalogue",
            404,
            "Diesen Katalog gibt es nicht. GET /api/catalogue nennt den aktuellen.",
            "There is no such catalogue. GET /api/catalogue names the current one.",
        ),
        code(
            "unusable_selection",
            422,
            "Diese Auswahl passt nicht zum Katalog. Der Grund steht in den Einzelheiten.",
            "This selection does not fit the catalogue. The detail says why.",
        ),
        code(
            "invitation_unusable",
            410,
            "Diese Einladung gilt nicht mehr. Bitte um eine neue.",
            "This invitation is no longer valid. Ask for a new one.",
        ),
        code(
            "owner_stays",
            403,
            "Die Person, der das Haus gehört, kannst du nicht entfernen, alle anderen schon.",
            "The owner of a house cannot be removed. Everybody else can.",
        ),
        code(
            "link_unknown",
            404,
            "Diesen Link gibt es in diesem Haus nicht. Lies die Liste der Links neu.",
            "This house has no such link. Load the list of links again.",
        ),
        code(
            "participant_unknown",
            404,
            "Diese Person hatte in diesem Haus nie eine Rolle. Lies die Liste der Personen neu.",
            "This person never had a role in this house. Load the list of people again.",
        ),
        code(
            "consent_required",
            422,
            "Bitte stimme zu, dass wir deine Angaben zur Beantwortung verwenden.",
            "Please agree that we may use your details to answer you.",
        ),
        code(
            "email_unusable",
            422,
            "An diese E-Mail-Adresse können wir nicht antworten. Prüfe die Schreibweise.",
            "We cannot answer to this e-mail address. Check its spelling.",
        ),
        code(
            "house_changed",
            409,
            "Das Haus hat sich gerade geändert. Nichts wurde gesendet: Sieh nach, wie es jetzt ist, und sende dann noch einmal.",
            "The house has just changed. Nothing was sent: look at how it is now, then send again.",
        ),
        code(
            "inquiry_id_reused",
            409,
            "Diese Anfrage wurde schon mit anderen Angaben gesendet. Sende sie als neue Anfrage.",
            "This inquiry was already sent with other details. Send it as a new one.",
        ),
        code(
            "login_unusable",
            401,
            "Dieser Anmeldelink gilt nicht mehr. Erzeuge einen neuen mit: nest admin-link",
            "This login link is no longer valid. Make a new one with: nest admin-link",
        ),
        code(
            "way_back_unusable",
            410,
            "Dieser Link zum Wiederkommen gilt nicht mehr: Er wurde schon benutzt, durch einen "
            "neueren ersetzt oder ist abgelaufen.",
            "This link back is no longer valid: it was used, was replaced by a newer one, or has "
            "expired.",
        ),
        code(
            "already_somebody",
            409,
            "Dieser Browser gehört schon jemand anderem. Vergiss zuerst dieses Gerät, dann öffne den "
            "Link noch einmal.",
            "This browser already belongs to somebody else. Forget this device first, then open the "
            "link again.",
        ),
        code(
            "admins_only",
            401,
            "Das sehen nur Admins. Öffne den Anmeldelink aus: nest admin-link",
            "Only admins see this. Open the login link from: nest admin-link",
        ),
        code(
            "subject_unknown",
            404,
            "Dazu ist nichts gespeichert. Gib die Kennung einer Person oder einer Sitzung oder "
            "die E-Mail-Adresse einer Anfrage an.",
            "Nothing is stored about this. Enter the id of a person or of a session, or the "
            "e-mail address of an inquiry.",
        ),
        code(
            "not_confirmed",
            400,
            "Bitte gib zur Bestätigung noch einmal genau dasselbe ein. Es wurde nichts gelöscht.",
            "Please type exactly the same once more to confirm. Nothing was erased.",
        ),
        code(
            "query_unusable",
            400,
            "Diese Abfrage ist so nicht möglich. Der Grund steht in den Einzelheiten.",
            "This query is not possible. The detail says why.",
        ),
        code(
            "session_unknown",
            404,
            "Diese Sitzung gibt es nicht, oder sie wurde gelöscht.",
            "This session does not exist or was erased.",
        ),
        code(
            "dashboard_link_unusable",
            401,
            "Dieser Link gilt nicht mehr. Bitte um einen neuen.",
            "This link is no longer valid. Ask for a new one.",
        ),
        code(
            "event_unusable",
            400,
            "Dieses Ereignis hat nicht die vereinbarte Form. Prüfe die genannte Stelle.",
            "This event does not have the agreed shape. The detail names the place.",
        ),
        code(
            "not_saved",
            503,
            "Das ist vielleicht noch nicht gespeichert, weil ein Dienst gerade nicht antwortet. "
            "Versuche es gleich noch einmal.",
            "This may not be saved yet, because a service does not answer just now. Try again in "
            "a moment.",
            retryable=True,
        ),
        code(
            "unavailable",
            503,
            "Das geht gerade nicht, weil ein Dienst nicht antwortet. Versuche es gleich noch einmal.",
            "A service does not answer just now. Try again in a moment.",
            retryable=True,
        ),
        code(
            "slow_reader",
            503,
            "Diese Verbindung liest zu langsam und wurde getrennt. Verbinde dich noch einmal.",
            "This connection reads too slowly and was closed. Connect again to resume.",
            retryable=True,
            close=4008,
        ),
        code(
            "restarting",
            503,
            "Der Server startet neu. Verbinde dich gleich noch einmal.",
            "The server is restarting. Connect again in a moment.",
            retryable=True,
            close=1012,
        ),
        code(
            "internal",
            500,
            "Bei uns ist etwas schiefgegangen, und wir wissen davon. Versuche es noch einmal.",
            "Something went wrong on our side and we know about it. Try again.",
            retryable=True,
        ),
    )
}

OUTCOME_STATUS = {"committed": 200, "adjusted": 200, "rejected": 422, "conflict": 409}
"""The HTTP status of each outcome of an op."""


class Refused(Exception):
    """A request that is not carried out; ``code`` is a key of ``CODES``.

    ``detail`` says in English what is wrong, for developers. ``field`` is the name of the query
    parameter, or the place in the event, that is refused, and ``reason`` one word for what is wrong
    with it, where there are several.
    """

    def __init__(
        self,
        code: str,
        *,
        detail: str | None = None,
        field: str | None = None,
        reason: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = CODES[code]
        self.detail = detail
        self.field = field
        self.reason = reason
        self.retry_after_ms = retry_after_ms
