"""Results are Markdown that can be pasted, and one benchmark's run leaves the others' results alone."""

from __future__ import annotations

from bench.report import Section, save, table


def test_a_table_has_a_rule_and_three_significant_digits():
    assert table(["What", "ms"], [["one", 1.23456], ["two", 1234.5]]).splitlines() == [
        "| What | ms |",
        "| --- | ---: |",
        "| one | 1.23 |",
        "| two | 1234 |",
    ]


def test_a_goal_says_whether_it_was_met():
    section = Section("Speed")
    section.at_least("Ratio", 3, 3.4)
    section.at_most("Seconds", 1.5, 1.51)
    section.within("Score", 0.645, 0.01, 0.652)
    assert [goal.met for goal in section.goals] == [True, False, True]
    assert "| Seconds | at most 1.5 | 1.51 | **no** |" in section.markdown()


def test_saving_replaces_only_sections_of_the_same_title(tmp_path):
    path = tmp_path / "results.md"
    old, other, new = Section("Speed", ["old"]), Section("Size", ["big"]), Section("Speed", ["new"])
    save([old, other], path)
    save([new], path)
    text = path.read_text()
    assert "new" in text
    assert "big" in text
    assert "old" not in text
    assert text.count("# Results") == 1
