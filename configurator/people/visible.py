"""Cleaning of text that people typed: no character remains that a reader cannot see.

Control characters end lines in mails and logs, PostgreSQL does not keep U+0000, and characters that
turn the direction of writing make one text look like another. The result does not depend on the
Unicode version of Python: a character that it does not know yet is kept.
`ui/assets/js/shared/names.js` has the same rules; `tests/configurator/people/names.json` holds both
to it.
"""

import re
import unicodedata

NAME_CHARACTERS_MAX = 40
"""The most code points of a name, after invisible ones are removed."""

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# Ends of lines, the spaces of all scripts, and letters that are drawn as nothing.
_GAPS = re.compile(
    "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800\u3164\uffa0]+"
)
# Controls; soft hyphens, fillers, marks and formats without a shape; turns of direction; halves of
# characters, private ones and unassigned ones.
_SHAPELESS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e001f"
    "\U000e0080-\U000e00ff\U000e01f0-\U0010ffff]"
)
_PICTURE = re.compile(
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030"
    "\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_MODIFIER = re.compile("[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_VARIATION = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_TAG = re.compile("[\U000e0020-\U000e007f]")
_BLACK_FLAG = "\U0001f3f4"


def one_line(text: str) -> str:
    """The visible characters of a name or an address, with single spaces between words.

    Joiners stay between letters and in emoji, variation selectors and tags after the character that
    they vary. A text without any character that has a shape of its own (marks alone, for example)
    becomes empty.
    """
    kept: list[str] = []
    rough = _SHAPELESS.sub("", _GAPS.sub(" ", text))
    for at, character in enumerate(rough):
        if _belongs(character, kept, rough[at + 1 : at + 2]):
            kept.append(character)
    line = " ".join("".join(kept).split(" ")).strip()
    line = re.sub(" +", " ", line)
    return line if any(map(_has_shape, line)) else ""


def several_lines(text: str) -> str:
    """The text with its line feeds and tabs, but without other controls and turns of direction."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def initials(name: str) -> str:
    """One or two capital characters, each whole with its marks.

    They are those of the first and last word, or the first two of a single word. Words without a
    letter or digit do not count; if there are no others, the first emoji is used.
    """
    words = [clusters(word) for word in one_line(name).split(" ")]
    spoken = [letters for word in words if (letters := [c for c in word if _is_letter(c[0])])]
    pictures = [shapes for word in words if (shapes := [c for c in word if _is_picture(c)])]
    chosen = spoken or pictures[:1]
    if not chosen:
        return "?"
    if not spoken:
        return chosen[0][0]
    short = chosen[0][:2] if len(chosen) == 1 else [chosen[0][0], chosen[-1][0]]
    return "".join(clusters("".join(short).upper())[:2])


def clusters(text: str) -> list[str]:
    """The characters as a reader counts them: marks, joined emoji, flags, syllables whole."""
    found: list[str] = []
    for character in text:
        if found and _continues(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _belongs(character: str, kept: list[str], following: str) -> bool:
    before = kept[-1] if kept else " "
    if character in {_ZWNJ, _ZWJ}:
        between_letters = _is_letter_or_mark(before) and _is_letter_or_mark(following)
        return between_letters or (
            character == _ZWJ and _is_emoji_part(before) and _is_picture(following)
        )
    if _VARIATION.match(character):
        return before != " " and not _VARIATION.match(before)
    if _TAG.match(character):
        return before == _BLACK_FLAG or _TAG.match(before) is not None
    return True


def _continues(cluster: str, character: str) -> bool:
    last = cluster[-1]
    if _category(character)[0] == "M" or _MODIFIER.match(character) or _VARIATION.match(character):
        return True
    if character in {_ZWNJ, _ZWJ}:
        return True
    if last == _ZWJ:
        return _is_picture(character) and _is_picture(cluster)
    if _is_regional(character):
        return len(cluster) == 1 and _is_regional(cluster)
    return _syllable(last, character) or character in "\u0e33\u0eb3"


def _syllable(last: str, character: str) -> bool:
    """Whether two Korean letters are drawn as one syllable."""
    if _is_leading(last):
        return _is_leading(character) or _is_vowel(character) or "\uac00" <= character <= "\ud7a3"
    if _is_vowel(last) or _is_open_syllable(last):
        return _is_vowel(character) or _is_trailing(character)
    return (_is_trailing(last) or "\uac00" <= last <= "\ud7a3") and _is_trailing(character)


def _is_leading(character: str) -> bool:
    return "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c"


def _is_vowel(character: str) -> bool:
    return "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6"


def _is_trailing(character: str) -> bool:
    return "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb"


def _is_open_syllable(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3" and (ord(character) - 0xAC00) % 28 == 0


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_picture(text: str) -> bool:
    return _PICTURE.match(text) is not None


def _is_emoji_part(character: str) -> bool:
    return _is_picture(character) or _MODIFIER.match(character) is not None


def _is_letter(character: str) -> bool:
    return _category(character)[0] in "LN"


def _is_letter_or_mark(text: str) -> bool:
    return text != "" and _category(text)[0] in "LM"


def _has_shape(character: str) -> bool:
    return _category(character)[0] not in "MZ" and _category(character) != "Cf"


def _category(character: str) -> str:
    return unicodedata.category(character)
