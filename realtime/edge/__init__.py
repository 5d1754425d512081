"""The edge of HTTP: bodies are bounded and read, and refusals become answers with a code.

    exchange     requests and answers of endpoints
    parameters   parameters of a request, each read into its type
    unpacking    unpacks and decodes bodies
    limiting     refuses requests beyond their allowance
    handshakes   WebSockets that are not opened
    one_cookie   two cookies with one name: none is believed
    compression  gzip for answers that are worth it

Imported by: `app`, `realtime.api`, `realtime.transports`, `ui`.
"""
