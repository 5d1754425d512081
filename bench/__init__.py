"""Benchmarks: `python -m bench` (or `make bench`) measures figures; no test depends on them.

    __main__     the command line
    measures     the list of measurements: figures, descriptions, aims
    product/     measurements of the product, one module for each subject
    comparison/  the product beside its peers: `python -m bench --peers`
    stage        two web processes, a worker, PostgreSQL, Valkey, perhaps a browser
    machine      the machine on which a figure was measured
    figures      the results of a measurement
    report       prints results, keeps them, and writes the table in the docs

Imported by: no package of ours.
"""
