"""What imprint and privacy notice say of this installation."""

from app.settings import Settings
from ui.ports import Legal


def legal(settings: Settings) -> Legal:
    """As the operator set it."""
    return Legal(
        company=settings.company,
        keep_interactions_days=settings.keep_interactions_days,
        keep_sessions_days=settings.keep_sessions_days,
        keep_inquiries_days=settings.keep_inquiries_days,
    )
