"""No visitor can pass for staff, and no visitor loses a name that is their own."""

import pytest

from configurator.people.reserved_names import is_reserved


@pytest.mark.parametrize(
    "name",
    [
        "Admin", "ADMIN", " admin ", "A d m i n", "a.d.m.i.n", "Ädmin", "Аdmin", "аԁmіn", "Adm1n",
        "@dmin", "Αdmin", "𝐀𝐝𝐦𝐢𝐧", "Ａｄｍｉｎ", "ⓐⓓⓜⓘⓝ", "admln", "Admin (Wien)", "Frau Admin",
        "Nest-Haus", "NEST HAUS", "nesthaus.at", "N\u200be\u00adst-Haus", "Team Nest-Haus", "Nеst Hаus",
        "Beraterin", "Beraterin Eva", "Eva, Beraterin", "Berаterin", "Support", "5upport", "Sуstem",
        "Kundenservice", "Moderator", "Advisor Ben",
        "ᴀdmin", "ᴀᴅᴍɪɴ", "🅰dmin", "🅐🅓🅜🅘🅝", "🄰🄳🄼🄸🄽", "🇦🇩🇲🇮🇳", "🇦\u200b🇩🇲🇮🇳", "⒜⒟⒨⒤⒩", "ᵃᵈᵐⁱⁿ",
        "ᴬᴰᴹᴵᴺ", "ꓮꓓꓟꓲꓠ", "ᎪᎠmin", "ꭺꭰmin", "Suⲣⲣⲟrt", "ɐdmin", "Ʌdmin", "Λdmin", "aͩmin", "ɑɗɱɨɲ",
        "Admin🇦🇹", "🅰dmin🇦🇹", "Admin 🇦🇹", "🇦dmin", "Ꮪupport", "ꓢꓴꓑꓑꓳꓣꓔ", "Nᴇst-Hᴀᴜs",
        "🅽🅴🆂🆃🅷🅰🆄🆂", "Geschäftsführung", "GESCHAEFTSFUEHRUNG", "root", "ʀooᴛ", "NEST", "Team Nest",
        "Nest Team", "teamnest", "Team NEST-Haus", "Nest GmbH", "Team", "Kundenberatung Wien",
        "Ad-min", "Ad-min Eva", "N.E.S.T", "N e s t H a u s", "N.E.S.T. Haus", "Eva Nest-Haus", "nesthausteam",
        "TeamNestHaus", "NestHausSupport", "Nest House", "Mod", "M o d", "Help Desk", "Customer Service", "Staff",
        "Νest Ηaus", "ΝΕΣΤ ΗΑUS", "NEST ΉAUS", "𝚴est-𝚮aus", "SΥSTEM", "Admin1", "Adm1n1", "1Admin", "Admin_01_Wien",
        "Admin!", "@Admin", "Nest1", "Team 7", "Nest Geschäftsführung", "Nest Geschaeftsfuehrung", "CEO Nest",
        "Nest Office", "Nest Info", "Nest-Büro", "nestinfo",
    ],
)  # fmt: skip
def test_a_name_of_the_company_is_reserved(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize(
    "name",
    ["Anna", "Jürgen Öller", "Admiral", "Badminton", "Bernhard Nest", "Nesta Haussmann", "Дмитрий",
     "Ελένη", "Systema", "李小龙", "Gast Ahorn", "👩‍👧", "Mia Serviceberg", "", "7", "Supporter",
     "Anna Nest", "Geschäftsführerin Huber", "Team Anna", "Root Beer", "Nestor", "Eva 🇦🇹", "Şebnem Çelik",
     "Łukasz Żółw", "Đorđe", "Աննա", "ᏣᎳᎩ", "Γιώργος", "ᲒᲘᲝᲠᲒᲘ", "🅰🅱", "สมชาย", "Løvland", "Bauleiter Max",
     "Chefkoch Tom",
     "Ernest Hauser", "Johannes Thaus", "Ernest Hausmann", "Ernest Haus", "Ernest House", "Ernest-Haus",
     "Agnes Thaus", "Agnes-Thaus", "Agnes T. Haus", "Björn Nesthäuser", "Nesthauser", "Nest Hauser",
     "Mo D.", "Mo.D", "Tea M.", "Che F.", "Che-F.", "Mo Đ", "Roo T.", "Lê Mộđ", "Mỗ Đ", "Lei Tung", "Lei-Tung",
     "Mod Sun", "Mod Singh", "Ali Mod", "Anna Staff", "Robert Service", "J. R. Nest", "A. D. Min",
     "ΝΙΚΟΣ", "ΥΒΌΝΝΗ", "Anna1", "Mo D. 2", "Nest Huber", "Ines Tea M."],
)  # fmt: skip
def test_other_names_are_free(name: str) -> None:
    assert not is_reserved(name)
