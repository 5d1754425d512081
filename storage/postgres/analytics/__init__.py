"""What visitors did, counted: every figure of a range is about the sessions that began in it.

So figures add up: the sessions, the completed ones and the values of `kpis`, `series`, `breakdown`,
`catalogues`, `funnel` and `sessions` are the same sessions. Interactions are counted by when they
happened. Values are integer cents. Shapes here are the shapes of the API.
"""
