import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@given(st.text(alphabet=st.sampled_from('aB1 .!?。\n|-#*`=\t()"」あ中ß:')) | st.text())
def test_spans_are_ordered_apart_and_cover_all_but_white_space(text: str) -> None:
    spans = sentence_spans(text)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(start < end for start, end in spans)
    outside = "".join(text[a:b] for (_, a), (b, _) in zip([(0, 0), *spans], [*spans, (len(text), 0)], strict=True))
    assert not outside.strip()


@given(st.lists(st.sampled_from(["One is here.", "Two stays!", "这是三。", "Vier?"]), min_size=1, max_size=9))
def test_sentences_set_one_after_the_other_are_found_again(parts: list[str]) -> None:
    assert sentences(" ".join(parts)) == parts


@pytest.mark.parametrize(
    "whole",
    [
        "Dr. Smith paid $3.50 to Mr. Jones.",
        "See No. 7 and p. 12, e.g. The Hague.",
        "Er kam am 3. Mai nach Berlin.",
        "Im 19. Jahrhundert war das z. B. üblich.",
        "J. K. Rowling wrote it.",
        "Version 2.1.3 of file.txt is at https://example.org/a.b",
        "La Sra. Gómez vive en la Av. 5 de mayo.",
        '"Really?" he said.',
        "圆周率是3.14，对吗？",
        "「はい。」と言った。",
    ],
)
def test_a_mark_inside_a_sentence_does_not_end_it(whole: str) -> None:
    assert sentences(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It ended in 2015. Then it began.", ["It ended in 2015.", "Then it began."]),
        ("Er hat 12. Das ist viel.", ["Er hat 12.", "Das ist viel."]),
        ("Acme Inc. The firm pays.", ["Acme Inc.", "The firm pays."]),
        ("¿Qué? ¡Sí! Bien.", ["¿Qué?", "¡Sí!", "Bien."]),
        ("他说：“你好。”然后走了！真的吗？", ["他说：“你好。”", "然后走了！", "真的吗？"]),
        ("Это раз. А это два.", ["Это раз.", "А это два."]),
        ("यह वाक्य है। दूसरा है।", ["यह वाक्य है।", "दूसरा है।"]),
        ("Known since 1990.[12] It grew.", ["Known since 1990.[12]", "It grew."]),
    ],
)
def test_sentences_end_at_their_marks(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_a_table_row_is_a_unit_and_the_rule_belongs_to_the_header() -> None:
    table = "| Item | Limit |\n|---|---|\n| Hotel. Yes | 150 |\n| Taxi | 40 |"
    assert sentences(table) == ["| Item | Limit |\n|---|---|", "| Hotel. Yes | 150 |", "| Taxi | 40 |"]


def test_list_items_and_headings_are_units() -> None:
    text = "# Limits\nThey are:\n- Hotel: 150\n- Meals: 40\n  a day\n1. First\n2. Second"
    assert sentences(text) == [
        "# Limits", "They are:", "- Hotel: 150", "- Meals: 40\n  a day", "1. First", "2. Second",
    ]  # fmt: skip


def test_a_wrapped_line_goes_on_and_a_short_one_ends() -> None:
    wrapped = "The quick brown fox jumped over the lazy dog in the\nOld Town, and nobody there was surprised at all."
    assert sentences(wrapped) == [wrapped]
    assert sentences("Name: Anna Muster\nCity: Berlin") == ["Name: Anna Muster", "City: Berlin"]


def test_lines_of_code_are_units() -> None:
    assert sentences("```\nx = 1\ny = f. g\n```") == ["```", "x = 1", "y = f. g", "```"]


def test_a_million_marks_are_read_in_linear_time() -> None:
    for hostile in ("." * 10**6, " " * 10**6 + "|--", "|\n" + " " * 10**6 + "|--x", ("a. " * 3 * 10**5)):
        assert sentence_spans(hostile)
