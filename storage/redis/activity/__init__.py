"""The stream of interactions: appending, consuming, dead letters, and finding a person's entries.

    stream         the stream, and all reading that takes nothing from it
    appending      appends events, those of one turn of the event loop together
    stream_group   takes entries, acknowledges stored ones, trims old ones
    position       the distance of the database behind the stream
    capacity       whether the stream may take more
    life           the count of entries since the stream began
    dead_letters   entries that cannot be stored
    traces         finds and erases the data of a person
    stops          workers that ended without being told to
    entries, keys  entries and ids as Redis returns them; names of keys

Imported by: `app`, `realtime`, `storage.redis.suitable`, `ui.staff`, `workers`.
"""
