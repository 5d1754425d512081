"""The public address as browsers write an origin, so that it equals what they send as `Origin`."""

from ipaddress import ip_address

import idna

from app.settings.address import url_parts

DEFAULT_PORTS = {"http": 80, "https": 443}


def browser_origin(value: str) -> str:
    """Scheme, host and port: lower case, without the default port, a name in its ASCII form.

    Raises ValueError with the problem for anything that no browser would send: a path, a query, a
    user, an invalid host.
    """
    parts = url_parts(value, "must be like https://house.example")
    port = parts.port
    try:
        name = _host(parts.hostname or "")
    except ValueError:
        raise ValueError("must be like https://house.example") from None
    if parts.scheme not in DEFAULT_PORTS or parts.query or parts.fragment or parts.username:
        raise ValueError("must be like https://house.example")
    if parts.path.strip("/"):
        raise ValueError(
            "must be like https://house.example, without a path: the product answers at /"
        )
    shown = "" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{name}{shown}"


def _host(name: str) -> str:
    try:
        address = ip_address(name)
    except ValueError:
        pass
    else:
        return f"[{address}]" if address.version == 6 else str(address)
    if not name or name.rpartition(".")[2].isdigit():  # an invalid IP address
        raise ValueError(name)
    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        if name.isascii() and not set(name) & set(" %/\\?#@:[]<>^|"):  # like my_host
            return name.lower()
        raise
