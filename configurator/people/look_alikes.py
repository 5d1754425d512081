"""Letters of other scripts that look like a Latin letter.

The list is from `confusables.txt` of Unicode Technical Standard 39
(https://www.unicode.org/reports/tr39/). It has the characters that are one letter or digit after
NFKC and case folding, and that `configurator.people.reserved_names` cannot trace to a Latin letter
by Unicode's decompositions or names.
"""

from typing import Final

LOOK_ALIKES: Final = {
    "a": "ʌλᎪᗅꓮ𐊠𖽀",
    "b": "ƅᏏᏴᑲᖯᗷꓐꞵ𐊂𐊡𐌁",
    "c": "Ꮯⲥꓚ𐊢𐌂𐐽𐔜𑣩",
    "d": "ᎠᏧᑯᗞᗪꓒꓓ",
    "e": "ҽᎬⴹꓰ𐊆𑣆𑣎",
    "f": "ϝքᖴꓝ𐊇𐊥𐔥𑣂",
    "g": "ƍԍᏀᏳꓖ",
    "h": "ᎻᏂᕼⲏꓧ𐋏",
    "i": "ɩӏᎥꙇ𑣃",
    "j": "ϳᎫᒍꓙ",
    "k": "Ꮶᛕⲕꓗ𐔘",
    "l": "ǀ۱Ꮮᒪᛁⲓⳑⵏꓡꓲ𐊊𐌉𐑃𐔦𑣒𖼖𖼨",
    "m": "ϻᎷᗰᛖⲙꓟ𐊰𐌑",
    "n": "ռⲛꓠ𐔓",
    "o": "۵०০੦૦ଠ୦௦౦೦ഠ൦๐໐ဝ၀ჿዐⲟⵔ〇ꓳ𐊒𐊫𐐬𐓪𐔖𑓐𑣈𑣕𑣗𑣠",
    "p": "Ꮲᑭⲣꓑ𐊕",
    "q": "գզⵕ",
    "r": "ᎡᎱᏒᖇᴦⲅꓣꭇ𐓜𖼵",
    "s": "ƽտᏕᏚꓢ𐊖𐑈𑣁𖼺",
    "t": "Ꭲⲧꓔ𐊗𐊱𐌕𖼊",
    "u": "ሀᑌꓴꞟ𐓶𑣘𖽂",
    "v": "۷Ꮩᐯⴸꓦꛟ𐔝𑜆𑣀𖼈",
    "w": "աᎳᏔꓪ𑜊𑜎𑜏𑣦",
    "x": "ᕁᕽᚷⲭⵝꓫꭓ𐊐𐊴𐌗𐔧",
    "y": "ɣγүყᎩᎽⲩꓬ𐊲𑣜𖽃",
    "z": "ζᏃꓜ𑣄𑣉𑣥",
}
"""The look-alikes of each Latin letter."""
