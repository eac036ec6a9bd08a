"""Write ``data/lexicon/world.csv``: countries, and cities that time zones are named after.

Run ``python -m benchmarks.world_places`` after an update of Babel. The names are those of the
Unicode Common Locale Data Repository in the languages that complaints are read in. A name that is
an ordinary word in any of them is left out here; ``data/lexicon/regions.toml`` says where such a
word means a place after all ("in Turkey").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from babel import Locale
from babel.core import get_global

from detector import resources
from detector.complaints.normalise import fold

LANGUAGES = (
    "en", "zh", "zh_Hant", "ja", "ko", "es", "pt", "fr", "de", "tr", "id", "ru", "ar", "hi",
)  # fmt: skip

# Reported by state or province, in the files written by hand.
_WRITTEN = frozenset({"CN", "US", "CA"})
# No country, or a part of one.
_LEFT_OUT = frozenset(
    "AC AQ BV CP CQ DG EA EU EZ HM IC QO TA TF UM UN XA XB ZZ".split()  # noqa: SIM905 - readable
)
_SHORTER = {
    "HK": "Hong Kong", "MO": "Macau", "MM": "Myanmar", "TR": "Turkey", "PS": "Palestine",
    "GE": "Georgia (country)",
}  # fmt: skip

# What is an ordinary word, a person's name or another place too, in any of the languages.
_WORDS = frozenset(
    fold(
        """
        adelaide andorra anadyr antigua ascension asmara astrakhan athen athena azores bahia bahía
        barbade barbados barnaul belem belén belém benin bermuda bogor cabul canary canton casey
        catamarca catar cayenne cayman chad chili chita chuuk colombo comoro cordoba coyhaique
        creston currie córdoba damas darwin davis dili dominica dominique easter efate
        eirunepe eucla faeroe faroe fas fortaleza gana gaza genf georgetown georgia gine granada
        grenada grenade guadalupe guam guernsey guinea guiné hebron honduras island jamaica jersey
        jordan juan jujuy kabul kanton kerguelen kingston kuba kuching kyiv lima louisville lower
        luis macquarie madeira male mali malí malta malte marigot martinica maurice mauricio
        maurício mawson mayotte mazatlan mcmurdo mendoza merida midway monaco monrovia montserrat
        mısır nauru navidad nicosia niger níger norfolk noronha ojinaga oman omán oral palau palmer
        panama perth peru podgorica pontianak prag recife reunion reunião reunión riga rio rioja
        rom rothera réunion saipan salta salvador samoa santarem santarém santiago sidney sofia
        sofía somali stanley swiss syowa thule tiran togo tomsk tonga trinidad troll truk tucuman
        turkey umman urville ushuaia vaduz victoria vienne vostok wake wallis wien wina yap zürich
        马里 馬利 苏丹 多哥 尼日 帝力 查德 开云 卡塞 凯西 昭和 南极 曼岛 图勒 杜里 班竹 根息
        赤塔 卡达 里加 万象 比绍 黑山 洛美 塞班 雪梨 伯斯 金边 关岛 约翰斯顿 基里 马尔他 迈索
        수단 가나 이란 오만 말리 차드 기니 인도 타이 요르단 라오스 리마 로마 괌
        タイ マリ トーゴ ガーナ チャド ニウエ リマ ローマ ナウル パラオ リガ
        чад мали куба того нигер оман перу рига рим гуам лима мальта троль трол
        مالي عمان تشاد माली चाड टोगो नाइजर गिनी जॉर्डन स्टेनली ट्रोल
        """
    ).split()
)
_SHORTEST = {True: 4, False: 2}
_RUSSIAN_ENDINGS = (
    ("ия", ("ии", "ию", "ией")), ("а", ("е", "у", "ы", "ой")), ("я", ("е", "ю", "и", "ей")),
    ("ь", ("и", "е", "я")), ("й", ("е", "я", "ю")), ("ы", ("ах", "ов", "ам")),
    ("и", ("ах", "ов")), ("о", ()), ("е", ()), ("у", ()), ("э", ()),
)  # fmt: skip


def main() -> None:
    """Write the table."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["region", "names"])
    for region, names in _places().items():
        writer.writerow([region, "|".join(names)])
    (resources.DATA / "lexicon" / "world.csv").write_text(table.getvalue(), encoding="utf-8")


def _places() -> dict[str, list[str]]:
    english = {str(code): str(name) for code, name in Locale.parse("en").territories.items()}
    codes = sorted(code for code in english if len(code) == 2 and code not in _LEFT_OUT)
    owner: dict[str, str] = {}
    for named in (_countries, _cities):
        for code in codes:
            region = _SHORTER.get(code, english[code].replace("’", "'"))
            for language in LANGUAGES:
                for name in _usable(named(Locale.parse(language), code), language):
                    owner.setdefault(name, region)
    places: dict[str, list[str]] = {}
    for name, region in owner.items():
        places.setdefault(region, []).append(name)
    return dict(sorted(places.items()))


def _countries(locale: Locale, code: str) -> Iterator[str]:
    """Yield what ``locale`` calls the country ``code``."""
    if code not in ("HK", "MO"):
        yield locale.territories.get(code, "").split(" (")[0].split("（")[0]


def _cities(locale: Locale, code: str) -> Iterator[str]:
    """Yield what ``locale`` calls the cities of the time zones of ``code``."""
    for zone, owner in get_global("zone_territories").items():
        if owner != code or code in _WRITTEN or "/" not in zone:
            continue
        shown = locale.time_zones.get(zone, {}).get("city")
        yield shown or (zone.split("/")[-1].replace("_", " ") if locale.language == "en" else "")


def _usable(names: Iterator[str], language: str) -> Iterator[str]:
    for name in map(fold, names):
        if name in _WORDS or len(name) < _SHORTEST[name[:1] < "\u2e80"] or "," in name:
            continue
        yield name
        if language == "ru":
            yield from _declined(name)


def _declined(name: str) -> Iterator[str]:
    """Yield the forms in which Russian says where something is: "в Казахстане", "из России"."""
    for ending, others in _RUSSIAN_ENDINGS:
        if name.endswith(ending):
            yield from (name.removesuffix(ending) + other for other in others)
            return
    yield from (name + other for other in ("е", "а", "у", "ом"))


if __name__ == "__main__":
    main()
