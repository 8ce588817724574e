"""The language of a text."""

from __future__ import annotations

import pytest

from outcrop.core.languages import language_of

TEXTS = {
    "en": "The pump needs oil every fourteen days, and it must not be started before the valve is open.",
    "de": "Die Pumpe braucht alle vierzehn Tage Öl, und sie darf nicht vor dem Ventil geöffnet werden.",
    "fr": "La pompe a besoin d'huile tous les quatorze jours, et elle ne doit pas être mise en marche sans elle.",
    "es": "La bomba necesita aceite cada catorce días y no se debe poner en marcha antes de que esté abierta.",
    "it": "La pompa ha bisogno di olio ogni quattordici giorni e non si deve avviare prima che la valvola sia aperta.",
    "pt": "A bomba precisa de óleo a cada catorze dias e não pode ser ligada ao mesmo tempo que os motores da fábrica.",
    "nl": "De pomp heeft om de veertien dagen olie nodig en mag niet worden gestart voor het ventiel open is.",
    "sv": "Pumpen behöver olja var fjortonde dag och den ska inte startas om ventilen inte är öppen.",
    "pl": "Pompa potrzebuje oleju co czternaście dni i nie może być uruchomiona, jeśli zawór nie jest otwarty.",
    "ru": "Насос нуждается в масле каждые две недели, и его нельзя включать, если клапан не открыт.",
    "uk": "Насос потребує мастила кожні два тижні, і його не можна вмикати, якщо клапан не відкритий.",
    "ja": "ポンプは十四日ごとに油が必要です。弁を開ける前に起動してはいけません。",
    "zh": "水泵每十四天需要加一次油，阀门打开之前不得启动。",
    "ko": "펌프는 십사 일마다 기름이 필요하며 밸브를 열기 전에 시동해서는 안 됩니다.",
    "ar": "تحتاج المضخة إلى الزيت كل أربعة عشر يوما ولا يجوز تشغيلها قبل فتح الصمام.",
    "he": "המשאבה זקוקה לשמן כל ארבעה עשר ימים ואין להפעיל אותה לפני פתיחת השסתום.",
    "el": "Η αντλία χρειάζεται λάδι κάθε δεκατέσσερις ημέρες.",
    "th": "ปั๊มต้องการน้ำมันทุกสิบสี่วัน",
    "hi": "पंप को हर चौदह दिन में तेल की आवश्यकता होती है।",
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_tells_its_language(code):
    assert language_of(TEXTS[code]) == code


@pytest.mark.parametrize("text", ["", "12.5 17.3 | 44", "QX-42 ZR-17 PN-9", "Pumpe Ventil Motor Kessel Schraube"])
def test_what_has_no_words_of_grammar_is_not_guessed(text):
    assert language_of(text) is None


def test_a_quotation_does_not_change_the_language():
    assert language_of(TEXTS["de"] * 5 + TEXTS["en"]) == "de"
