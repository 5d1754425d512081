"""The product beside its peers: all do the same jobs, in turns.

    comparison                        runs all jobs with all contestants
    contestants                       the product in several forms, its peers, bare servers as
                                      floors
    jobs                              the jobs, the figures that are shown, and the aims
    generator                         the load generator, a process on its own core
    cores                             the division of cores between servers and load
    kills, kill_server, kill_editors  `kill -9` after acknowledgements: the search for lost edits,
                                      the server, the authors
    peer_intake                       the intake of interactions beside that of the original
    peer_packages                     the npm packages of the peers
    database_reads                    transactions between two moments, counted by the database
    report                            prints results, and writes the tables in docs/performance.md

Imported by: `bench.__main__`.
"""
