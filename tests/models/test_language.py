"""Requests in other languages are told from English ones with foreign words in them."""

from __future__ import annotations

import pytest
from deskhand_models.corpus.pairs import read_blocks, sentence_files
from deskhand_models.language import foreign


@pytest.mark.parametrize(
    ("request_", "language"),
    [
        ("Welche Rechnungen sind noch nicht bezahlt?", "German"),
        ("Schreib allen Lieferanten mit offenen Rechnungen eine Mail", "German"),
        ("Quelles factures sont en retard de plus de 30 jours, avec le nom du client ?", "French"),
        ("Envía un correo a todos los proveedores con facturas vencidas", "Spanish"),
        ("Quali fatture sono ancora da pagare e con che importo", "Italian"),
        ("Welke facturen zijn nog niet betaald", "Dutch"),
        ("Mostre todas as faturas que não foram pagas, com o nome da empresa", "Portuguese"),
        ("które faktury nie są zapłacone, proszę o listę dla wszystkich klientów", "Polish"),
        ("какие счета ещё не оплачены", "in another script"),
        ("未払いの請求書を一覧にして", "in another script"),
    ],
)
def test_other_languages_are_told(request_: str, language: str) -> None:
    assert foreign(request_) == language


@pytest.mark.parametrize(
    "request_",
    [
        "which Rechnungen are still offen?",
        "mail Frau von der Leyen the list of open Bestellungen",
        "open orders de la Cruz S.A.",
        "overdue",
        "storno R-1001",
        "mark invoice 17 as bezahlt pls",
        "",
        "1234 5678",
    ],
)
def test_english_with_foreign_words_is_english(request_: str) -> None:
    assert foreign(request_) == ""


def test_no_sentence_of_the_corpus_is_taken_for_another_language() -> None:
    taken = [
        sentence.text
        for file in list(sentence_files())[::4]
        for block in read_blocks(file)[0]
        for sentence in block.sentences
        if foreign(sentence.text)
    ]
    assert taken == []
