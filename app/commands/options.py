"""The arguments of the commands in this package; light, because every `nest` builds them."""

import argparse
from uuid import UUID

from app.address import url_parts
from configurator.visible import one_line
from storage.postgres.audit_chain import Head

NAME_MAX = 60


PROCESSES_MAX = 64


def run_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest run` takes."""
    parser.add_argument(
        "--web",
        type=_processes,
        default=1,
        metavar="N",
        help="web processes, all on PORT, default 1; with more, sockets are WebSockets only",
    )
    parser.add_argument(
        "--workers", type=_processes, default=1, metavar="M", help="worker processes, default 1"
    )


def _processes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= PROCESSES_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {PROCESSES_MAX}")
    return int(text)


def tail_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest tail` takes."""
    _house(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def edit_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest edit` takes."""
    _house(parser)
    parser.add_argument(
        "changes",
        nargs="*",
        metavar="CATEGORY=OPTION[:QUANTITY]",
        help="several are done at once, all or none; CATEGORY=:QUANTITY changes only how many; "
        "CATEGORY= leaves it out",
    )
    others = parser.add_mutually_exclusive_group()
    others.add_argument("--undo", action="store_true", help="take back my newest change")
    others.add_argument("--redo", action="store_true", help="bring back what I took back")
    others.add_argument("--reset", action="store_true", help="go back to the defaults")
    parser.add_argument(
        "--anyway", action="store_true", help="undo or redo even over somebody else's later change"
    )
    parser.add_argument("--op-id", type=UUID, metavar="UUID", help="ask for the same op again")
    parser.add_argument(
        "--timeout", type=_positive, default=15.0, metavar="SECONDS", help="default 15"
    )


def soak_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest soak` takes."""
    _url(parser)
    parser.add_argument("--rooms", type=_count, default=4, metavar="N", help="houses, default 4")
    parser.add_argument(
        "--clients", type=_count, default=3, metavar="M", help="people in each house, default 3"
    )
    parser.add_argument(
        "--seconds", type=_positive, metavar="T", help="how long; without it, until Ctrl-C"
    )
    parser.add_argument(
        "--rate", type=_positive, default=2.0, metavar="R", help="ops a second of each, default 2"
    )
    parser.add_argument(
        "--drop-every",
        type=_positive,
        default=10.0,
        metavar="SECONDS",
        help="each connection is cut about so often, default 10",
    )
    parser.add_argument("--seed", type=int, default=None, help="the same ops in the same order")


def sessions_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest admin-sessions` takes."""
    parser.set_defaults(sessions=[], all=False)
    acts = parser.add_subparsers(title="acts", metavar="ACT", dest="act", required=True)
    listed = acts.add_parser("list", help="those that are open, the one used last first")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    ended = acts.add_parser("end", help="end some, or all, with their pages and sockets")
    ended.add_argument("sessions", nargs="*", metavar="SESSION", help="its id, as listed")
    ended.add_argument("--all", action="store_true", help="every session")


def audit_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest audit` takes."""
    acts = parser.add_subparsers(title="acts", metavar="ACT", dest="act", required=True)
    verify = acts.add_parser("verify", help="whether every line is there as it was written")
    verify.add_argument(
        "--head",
        type=_head,
        metavar="NUMBER:SIGNATURE",
        help="a head that was written down before (log line `audit_head`) instead of the one "
        "that workers keep in Redis: tells whether lines are missing at the end",
    )
    verify.add_argument(
        "--forget-head",
        action="store_true",
        help="the lines that are there are right, as after a backup was restored",
    )


def deadletters_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest deadletters` takes."""
    parser.set_defaults(letters=[])
    acts = parser.add_subparsers(title="acts", metavar="ACT", dest="act", required=True)
    listed = acts.add_parser("list", help="the newest first")
    _kind(listed)
    listed.add_argument("--before", metavar="LETTER", help="those older than this one")
    listed.add_argument("--limit", type=_count, default=50, metavar="N", help="default 50, to 200")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    shown = acts.add_parser("show", help="one, and what is wrong with it")
    fixed = acts.add_parser("fix", help="give it a payload that can be read")
    driven = acts.add_parser("redrive", help="put back into the stream: some, or all of a kind")
    dropped = acts.add_parser("drop", help="give up for ever")
    for act, count in ((shown, 1), (fixed, 1), (driven, "*"), (dropped, "+")):
        act.add_argument("letters", nargs=count, metavar="LETTER", help="its id")
    fixed.add_argument("file", metavar="FILE", help="the payload; - is standard input")
    _kind(driven)


def _kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", metavar="KIND", help="the first word of the reason")


def _house(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="the house, by code or id")
    _url(parser)
    parser.add_argument(
        "--token", help="who this is; better in NEST_TOKEN, where other users cannot see it"
    )


def _url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", type=_address, help="the server, default http://HOST:PORT of the settings"
    )


def _head(value: str) -> Head:
    try:
        return Head.parse(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "must be like 57:9f86d081884c7d65, with 16 to 64 digits"
        ) from None


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10000")
    return number


def admin_name(text: str) -> str:
    """`--name` of `nest admin-link`, as it will be shown."""
    line = one_line(text)
    if not 1 <= len(line) <= NAME_MAX:
        raise argparse.ArgumentTypeError(f"must have 1 to {NAME_MAX} visible characters")
    return line


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError("must be larger than 0")
    return number


def _address(text: str) -> str:
    try:
        parts = url_parts(text, "must be like https://house.example")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise argparse.ArgumentTypeError("must be like https://house.example")
    return text.rstrip("/")


def privacy_arguments(parser: argparse.ArgumentParser) -> None:
    """What `nest privacy` takes."""
    parser.add_argument("step", choices=("export", "erase"), help="show everything, or erase it")
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        help="a person's id, a session's id (also one that its client made up), or the e-mail "
        "address of an inquiry",
    )
    parser.add_argument(
        "--yes", action="store_true", help="erase without asking; it cannot be undone"
    )


def conformance_arguments(parser: argparse.ArgumentParser) -> None:
    """`nest conformance`; the same options as `python -m nest_haus_conformance`."""
    parser.add_argument("--url", help="address of the server (default: the one on this machine)")
    parser.add_argument("--client", metavar="COMMAND", help="a client to try, by its driver")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--seconds", type=_positive, default=30.0, metavar="T", help="for each check, at most (30)"
    )
    parser.add_argument("rules", nargs="*", metavar="RULE", help="only these: JN3, or a group: JN")
