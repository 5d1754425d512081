"""The way to the server: addresses, the credential, one WebSocket at a time, its admission.

    connection  one WebSocket at a time, opened again when it is lost
    admission   the wait for the first connection
    credential  a token, or a function that returns one
    addresses   addresses of the product, and names of houses

Imported by: `nest_haus_client.blocking`, `nest_haus_client.client`, `nest_haus_client.houses`,
`nest_haus_client.rest`.
"""
