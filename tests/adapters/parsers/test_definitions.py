"""Functions and classes are found in many languages, and no text at all breaks the search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.parsers.definitions import BRACED, definitions
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.text import TextParser
from outcrop.core.parsed import Blob

PYTHON = '''"""Module: def not_this(): pass"""
import os

@decorated
class Pump:
    """A pump."""

    def run(self, speed):
        def inner():
            pass
        return speed

    @property
    async def oil(self): ...

def top():
    text = """
def nor_this():
    pass
"""
    return text
'''
TYPESCRIPT = """
import { a } from './a';
/** A pump. */
export class Pump<T> extends Machine {
  private speed = 1;
  // Runs it.
  async run(speed: number): Promise<void> {
    if (speed > 1) { this.speed = speed; }
    const inner = () => { return "}{"; };
  }
}
export const start = async (x: number) => {
  return `{${x}`;
};
export default function stop() { while (true) {} }
interface Options { a: string }
describe("x", () => { it("y", () => {}); });
"""
GO = """package main
import "fmt"

type Pump struct { Speed int }

// Run runs it.
func (p *Pump) Run(speed int) (err error) {
	if speed > 1 { return nil }
	return func() error { return nil }()
}
func main() { fmt.Println("func no() {") }
"""
JAVA = """package a;
@Entity
public class Pump<T extends X> implements Y {
    /* class No { */
    private int speed;
    @Override public List<String> run(int a, Map<String, T> b) throws IOException { for (;;) { break; } }
    public Pump() { super(); }
    enum Kind { A, B; void x() {} }
}
"""
C = """#include <stdio.h>
#define OPEN {
/* Adds. */
static int add(const int a, int b)
{
    if (a) { return '{'; }
    return a + b;
}
struct pump { int speed; };
int main(void) { return add(1, 2); }
"""
RUST = """use std::fmt;
/// A pump.
#[derive(Debug)]
pub struct Pump<'a> { name: &'a str }
impl<'a> fmt::Display for Pump<'a> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { match self { _ => Ok(()) } }
}
pub async fn run<T>(x: T) -> Option<T> where T: Copy { Some(x) }
mod inner { pub fn deep() {} }
"""


@pytest.mark.parametrize(
    ("code", "extension", "names"),
    [
        (PYTHON, "py", ["Pump", "Pump.run", "Pump.oil", "top"]),
        (TYPESCRIPT, "ts", ["Pump", "Pump.run", "start", "stop", "Options"]),
        (GO, "go", ["Pump", "Run", "main"]),
        (JAVA, "java", ["Pump", "Pump.run", "Pump.Pump", "Pump.Kind", "Pump.Kind.x"]),
        (C, "c", ["add", "pump", "main"]),
        (RUST, "rs", ["Pump", "Pump", "Pump.fmt", "run", "inner", "inner.deep"]),
        ("def (", "py", []),
        ("\0", "py", []),
        ("def a(): pass", "sql", []),
    ],
)
def test_the_definitions_of_a_language(code, extension, names):
    assert [one.name for one in definitions(code, extension)] == names


@pytest.mark.parametrize(
    ("code", "extension", "name", "start", "end"),
    [
        (PYTHON, "py", "Pump", "@decorated", "oil(self): ..."),
        (PYTHON, "py", "Pump.run", "    def run", "return speed"),
        (TYPESCRIPT, "ts", "Pump", "/** A pump. */", "  }\n}"),
        (TYPESCRIPT, "ts", "Pump.run", "  // Runs it.", "  }"),
        (GO, "go", "Run", "// Run runs it.", "}()\n}"),
        (C, "c", "add", "/* Adds. */", "b;\n}"),
        (RUST, "rs", "Pump", "/// A pump.", "str }"),
    ],
)
def test_a_definition_goes_from_its_comments_and_decorators_to_its_end(code, extension, name, start, end):
    found = next(one for one in definitions(code, extension) if one.name == name)
    assert code[found.start :].startswith(start)
    assert code[: found.end].endswith(end)


@given(st.text("{}()'\"`/*#\\;=>< \nabclsufnti", max_size=300), st.sampled_from([*sorted(BRACED), "py"]))
def test_any_text_has_definitions_in_order_that_are_nested_or_apart(text, extension):
    found = definitions(text, extension)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert [one.start for one in found] == sorted(one.start for one in found)


@pytest.mark.parametrize("text", ["(" * 100_000, "{" * 100_000, "/*" * 100_000, "class A {" * 20_000, "'" * 100_001])
def test_hostile_code_ends(text):
    for extension in ("py", "js", "rs"):
        definitions(text, extension)


def test_the_parser_of_text_gives_them_for_code_alone():
    parser = TextParser(ParseOptions())
    parsed = parser.parse(Blob(name="a.py", data=PYTHON.encode(), media_type="text/x-code"))
    assert (parsed.lined, len(parsed.definitions)) == (True, 4)
    assert not parser.parse(Blob(name="a.md", data=PYTHON.encode(), media_type="text/markdown")).lined
