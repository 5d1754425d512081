"""Server-rendered pages: Jinja2 with escaping on, with our texts and asset addresses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from configurator.text import Language
from ui.assets import Assets
from ui.language import language_of
from ui.money import euro
from ui.ports import ConsentMode
from ui.texts import Texts

DIRECTORY: Final = Path(__file__).parent / "markup"


class Templates:
    """Renders a template in the visitor's language."""

    def __init__(self, texts: Texts, assets: Assets, consent: ConsentMode = "assumed") -> None:
        self._texts = texts
        self._environment = Environment(
            loader=FileSystemLoader(DIRECTORY),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = assets.url
        self._environment.globals["modules_of"] = assets.modules_of
        self._environment.globals["consent"] = consent

    def response(
        self,
        request: Request,
        name: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
        personal: bool = False,
    ) -> Response:
        """Render to a response that no cache shares between languages or visitors.

        A `personal` answer is not kept by the browser either: otherwise its back button would show
        the page to the next person.
        """
        language = language_of(request)
        return HTMLResponse(
            self.text(name, language, values),
            status_code=status,
            headers={
                "content-language": language,
                "vary": "Accept-Language, Cookie",
                "cache-control": "no-store" if personal else "no-cache, private",
            },
        )

    def text(self, name: str, language: Language, values: Mapping[str, object]) -> str:
        """Render to HTML in one language."""

        def t(key: str, **places: object) -> str:
            return self._texts.of(language, key, **places)

        return self._environment.get_template(name).render(
            language=language,
            t=t,
            euro=lambda cents: euro(cents, language),
            euro_rounded=lambda cents: euro((cents + 50) // 100 * 100, language),
            **values,
        )
