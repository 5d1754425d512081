"""Log lines: their format, and the redaction of secrets and addresses.

    setup       sends all lines of a process through one handler, as text or as JSON
    handler     writes lines, and folds repeated lines into one with a count
    redaction   removes secrets, full addresses and forged lines from texts
    tracebacks  all frames of an error, and its message as one harmless line

Imported by: `app.cli`, `app.processes`.
"""
