"""Requests that report interactions, as bytes."""

import json

from configurator.activity.tracking import Interaction


def body(**interaction: object) -> bytes:
    shape = {"eventType": "click", "category": "nest", **interaction}
    return json.dumps({"sessionId": "client_1", "interaction": shape}).encode()


def batch(*events: object, **more: object) -> bytes:
    return json.dumps({"sessionId": "client_1", "interactions": list(events), **more}).encode()


GOOD = {"interaction": {"eventType": "click", "category": "nest"}}

CLICK = Interaction(event_type="click", category="nest")
