"""Analytics over HTTP: figures of a range for admins, single sessions, replay, shared dashboards."""
