"""Activity of visitors, from intake to figures.

Of `realtime` it imports only `people`, `delivery`, `sheets` and `process.report`, so that workers can
import it without rooms, connections and the API.

    intake/   interactions on their way into the stream, and the consent to store them
    live/     the live view of admins
    figures/  figures of a range: questions, answers, tables, scheduled files
    service/  dead letters, export and erasure, the count of offered entries

Imported by: `app`, `realtime.api`, `realtime.connections`, `ui`, `workers`.
"""
