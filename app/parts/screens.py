"""The pages of a web process, connected with the parts that they show."""

from collections.abc import Sequence

from starlette.applications import Starlette

from app.parts.activity import ActivityPart
from app.parts.editing import EditingPart
from app.parts.in_process import InProcessAdminApi, InProcessSharedApi
from app.parts.people import PeoplePart
from app.parts.sockets import SocketsPart
from app.parts.stores import StoresPart
from app.parts.visitors import pages_of, visitors
from app.settings.settings import Settings
from realtime.api.declared.sdk import SdkFile
from ui.app import mount_screens
from ui.ports import Legal
from ui.public.offer import OfferedCatalogue


def add_screens(
    app: Starlette,
    settings: Settings,
    stores: StoresPart,
    people: PeoplePart,
    *,
    editing: EditingPart,
    activity: ActivityPart,
    sockets: SocketsPart,
    sdk: Sequence[SdkFile],
) -> None:
    """Add the pages, as the last routes: NiceGUI answers everything that no earlier route answers."""
    chance, unless_away = stores.chance, stores.health.readiness.unless_away
    mount_screens(
        app,
        live=pages_of(
            sockets.services, people.authenticator, unless_away, chance.new_connection_id
        ),
        catalogue_source=OfferedCatalogue(editing.catalogues.current),
        admin_source=activity.live_view,
        admin_api=InProcessAdminApi(app.routes),
        shared_api=InProcessSharedApi(app.routes),
        now=stores.clock.now,
        visitors=visitors(
            authenticator=people.authenticator,
            actions=editing.actions,
            cookies=people.cookies,
            page_views=activity.page_views,
            sessions=people.admin_sessions,
            looks=people.looks,
            unless_away=unless_away,
        ),
        count_dropped=editing.hub.count_page_dropped,
        dev=settings.dev,
        consent="assumed" if settings.consent == "assumed" else "required",
        origins=sorted(sockets.origins.allowed),
        limit_scale=settings.limit_scale,
        public_origin=settings.public_url,
        legal=_legal(settings),
        sdk=sdk,
        bounds=sockets.bounds,
        clock_ns=chance.monotonic_ns,
        drain=sockets.drain,
    )


def _legal(settings: Settings) -> Legal:
    """The operator's settings for imprint and privacy notice."""
    return Legal(
        company=settings.company,
        keep_interactions_days=settings.keep_interactions_days,
        keep_sessions_days=settings.keep_sessions_days,
        keep_inquiries_days=settings.keep_inquiries_days,
    )
