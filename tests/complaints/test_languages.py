"""Fourteen languages: lexicons that load, stems that are found, texts that are read."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from detector.complaints.classification.classifier import COMPLAINTS, KINDS
from detector.complaints.classification.training_texts import parse_sentences
from detector.complaints.languages import (
    NO_STEMS,
    Language,
    build_stems,
    parse_language,
    with_local_names,
)
from detector.complaints.normalise import fold
from detector.complaints.reader import read_posts
from detector.errors import InputError
from tests.complaints import rigs

FOLDERS = sorted((rigs.ROOT / "data/languages").iterdir())
MINIMAL = """
written = "by hand"
name = "Test"
faults = ["kaput", "не работа"]
over = ["geht wieder"]
[services]
WhatsApp = ["wa", "вотсап"]
Brand = ["marke"]
[components]
[regions]
[carriers]
"""


def one(text: str = MINIMAL) -> Language:
    return parse_language("xx", text)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_language_is_complete_and_says_how_it_was_written(folder: Path) -> None:
    language = parse_language(folder.name, (folder / "lexicon.toml").read_text(encoding="utf-8"))
    text = (folder / "training.txt").read_text(encoding="utf-8")
    sentences = list(parse_sentences(text, kinds=KINDS, path=folder.name))
    kinds = {kind for kind, _ in sentences}
    assert len(language.written) > 40
    assert set(KINDS) - {"quirk"} <= kinds
    assert len(sentences) == len({sentence for _, sentence in sentences}) >= 300


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_test_texts_are_no_training_texts(folder: Path) -> None:
    training = set((folder / "training.txt").read_text(encoding="utf-8").splitlines())
    with (folder / "test.csv").open(encoding="utf-8", newline="") as table:
        texts = [row["text"] for row in csv.DictReader(table)]
    assert len(texts) >= 60
    assert not training.intersection(texts)


@pytest.mark.parametrize(
    ("text", "faults", "over"),
    [
        pytest.param("alles kaputt hier", 1, False, id="a stem begins a longer word"),
        pytest.param("unkaputtbar", 0, False, id="and none begins inside one"),
        pytest.param("сайт не работает", 1, False, id="another script"),
        pytest.param("es geht wieder", 0, True, id="an end"),
        pytest.param("guten tag", 0, False, id="nothing"),
    ],
)
def test_stems_are_found(text: str, faults: int, over: bool) -> None:
    found = build_stems([one()]).found(fold(text))
    assert (len(found.faults), found.over) == (faults, over)
    assert found.foreign == (found != NO_STEMS)


def test_a_language_calls_a_known_service_by_its_own_name() -> None:
    services, weak = with_local_names({"WhatsApp": ("whats app",)}, (), [one()])
    assert services["WhatsApp"] == ("whats app", "wa", "вотсап")
    assert services["Brand"] == ("marke",)
    assert weak == {"wa"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("faults = [", "not TOML", id="no TOML"),
        pytest.param(
            MINIMAL.replace('over = ["geht wieder"]', ""), "'over' is missing", id="a gap"
        ),
        pytest.param(MINIMAL.replace('["marke"]', '"marke"'), "no list of texts", id="no list"),
    ],
)
def test_a_wrong_lexicon_is_refused_with_its_path(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        one(text)
    assert refused.value.path == "languages/xx/lexicon.toml"


def test_a_wrong_section_is_refused_with_its_line() -> None:
    with pytest.raises(InputError, match="unknown section") as refused:
        list(parse_sentences("[outage]\ndown\n[comet]\n", kinds=KINDS, path="x.txt"))
    assert refused.value.line == 3


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("o whatsapp caiu de novo, ninguém consegue mandar mensagem", "WhatsApp"),
        ("LINEが落ちてて全然メッセージ送れない", "LINE"),
        ("카카오톡 지금 접속 안돼요 저만 그런가요", "KakaoTalk"),
        ("no me abre instagram desde hace una hora, ¿a alguien más?", "Instagram"),
        ("spotify ne marche plus du tout depuis ce matin", "Spotify"),
        ("whatsapp geht gerade gar nicht, nachrichten gehen nicht raus", "WhatsApp"),
        ("instagram çöktü mü açılmıyor", "Instagram"),
        ("whatsapp error terus gak bisa kirim pesan dari tadi", "WhatsApp"),
        ("телеграм не работает ни у кого", "Telegram"),
        ("واتساب عطلان من ساعة ومش راضي يفتح", "WhatsApp"),
        ("व्हाट्सएप नहीं चल रहा, मैसेज नहीं जा रहे", "WhatsApp"),
    ],
)
def test_a_complaint_is_read_in_its_language(text: str, service: str) -> None:
    read = read_posts(rigs.reader(), pd.DataFrame({"text": [text]})).iloc[0]
    assert read["complaint"] >= 0.5
    assert read["kind"] in COMPLAINTS
    assert read["service"] == rigs.reader().canonical(service)
