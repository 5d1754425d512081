"""A right client in a few files, as a driver of the conformance kit, that makes one mistake on request.

``python -m tests.support.wrong_client`` keeps every rule; with ``queue_reversed`` after it, it breaks the
one that the name says; ``away_for_long`` is no mistake: it waits long before it connects again, as it
may. ``tests/clients/wrong_clients.py`` has the table of mistakes and of the rules they break.
"""
