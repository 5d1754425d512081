"""One form for all spellings of an e-mail address, by which it is found, exported and erased.

Two spellings have the same form only if they reach the same mailbox. The rules, part by part:

- **Domain**: as it is looked up (UTS 46, IDNA 2008): `Häuser-Müller.example`, its full-width and
  its decomposed spelling and `xn--huser-mller-l8a23a.example` are one; a dot at the end is ignored.
  `straße.example` and `strasse.example` are two domains, and two people may own them.
- **Local part**: case, composition and unnecessary quotation marks are ignored. Every other
  difference may mean another mailbox, so nothing else is folded: no `+tag`, no dots, neither `ß` to
  `ss` nor `İ` to `i`, and no full-width letters.

Pure. The text that people typed is stored unchanged; only the form is derived.
"""

import unicodedata
from itertools import chain

import idna

from configurator.people.visible import one_line

_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})
_ATOM = frozenset("!#$%&'*+-/=?^_`{|}~.")


def mailbox(address: str) -> str:
    """The form of this address.

    A text that is not an address has one, too, which equals only its own.
    """
    local, at, domain = one_line(address).rpartition("@")
    return f"{_local_form(local)}{at}{_domain_form(domain)}" if at else _small(domain)


def _local_form(local: str) -> str:
    if len(local) > 2 and local[0] == local[-1] == '"':
        bare = _unescaped(local[1:-1])
        if _is_dot_atom(bare):
            local = bare
    return _small(local)


def _unescaped(quoted: str) -> str:
    characters = iter(quoted)
    return "".join(next(characters, "") if each == "\\" else each for each in characters)


def _is_dot_atom(text: str) -> bool:
    return all(text.split(".")) and all(
        each.isalnum() or each in _ATOM or not each.isascii() for each in text
    )


def _small(text: str) -> str:
    """The text in small letters, each by itself: a sigma at the end of a word stays a sigma."""
    composed = unicodedata.normalize("NFC", text)
    small = "".join(chain.from_iterable(each.lower() for each in composed)).replace("ς", "σ")
    return unicodedata.normalize("NFC", small)


def _domain_form(domain: str) -> str:
    labels = domain.translate(_DOTS).split(".")
    while len(labels) > 1 and not labels[-1]:
        labels.pop()
    return ".".join(map(_label_form, labels))


def _label_form(label: str) -> str:
    """The label in the form of DNS, even if IDNA does not allow it (an emoji).

    A label in ASCII is unchanged, whatever its punycode would mean.
    """
    if label.isascii():
        return label.lower()
    try:
        mapped = idna.uts46_remap(label, std3_rules=False)
        return mapped if mapped.isascii() else idna.alabel(mapped).decode()
    except (idna.IDNAError, UnicodeError):
        folded = unicodedata.normalize("NFKC", _small(label))
        return folded if folded.isascii() else f"xn--{folded.encode('punycode').decode()}"
