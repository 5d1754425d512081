"""The screens: pages on NiceGUI, public pages of plain HTML.

Imports go downwards in this list. `ui` imports `realtime`, `storage` and `configurator`.

    app               puts the screens on a Starlette application
    dashboard/        the page of a shared dashboard
    staff/            the pages for staff, in Python
    figures/          the figures of analytics, as elements
    pages/            the pages that a browser talks with
    components/       the elements they are made of, one transport for each tab
    live/             the making of such a page: HTML first, the page when its socket comes
    public/           landing, developers, specification, messages; their markup is in `markup`
    theme, words      elements of pages in Python; sentences, numbers and times
    templates         pages of plain HTML, from Jinja2
    ports             the types of all that the screens use of the rest of the product
    assets            serves `assets`: style sheets and JavaScript, a folder for each screen
    texts, money      all sentences in both languages, from `texts.json`; amounts in euros
    language, zones   the language of a request; time zones to choose from
    security_headers  headers of every HTTP answer

Imported by: `app.parts`.
"""
