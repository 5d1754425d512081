"""Entry points: settings, command line, embedded servers, supervisor, ASGI app."""
