"""What is kept of a test file that was cut off."""

from __future__ import annotations

import pytest

from herdmate.actions.whole_tests import whole_tests
from herdmate.context import syntax

PYTHON = """\
import pytest
from shop import total


def test_empty():
    assert total([]) == 0


@pytest.mark.parametrize("a", [1, 2])
def test_one(a):
    assert total([a]) == a


class TestMany:
    def test_two(self):
        assert total([1, 2]) == 3

    def test_three(self):
        items = [1, 2, 3]
        assert total(items) == 6
"""
JAVASCRIPT = """\
import { total } from "./shop";

describe("total", () => {
  const one = [1];

  it("is 0 for nothing", () => {
    expect(total([])).toBe(0);
  });

  // of one
  it("is the item", () => {
    expect(total(one)).toBe(1);
  });

  it("adds", () => {
    expect(total([1, 2])).toBe(3);
  });
});
"""
GO = """\
package shop

import "testing"

func TestEmpty(t *testing.T) {
	if Total(nil) != 0 {
		t.Fatal("not 0")
	}
}

// of one
func TestOne(t *testing.T) {
	if Total([]int{1}) != 1 {
		t.Fatal("not 1")
	}
}
"""
JAVA = """\
import org.junit.jupiter.api.Test;

class ShopTest {
    @Test
    void empty() {
        assertEquals(0, Shop.total());
    }

    @Test
    void one() {
        assertEquals(1, Shop.total(1));
    }
}
"""
KOTLIN = """\
class ShopTest {
    @Test
    fun `nothing costs nothing`() {
        assertEquals(0, total())
    }

    @Test
    fun one() {
        assertEquals(1, total(1))
    }
}
"""
PHP = """\
<?php
use PHPUnit\\Framework\\TestCase;

class ShopTest extends TestCase
{
    public function testEmpty(): void
    {
        $this->assertSame(0, total([]));
    }

    public function testOne(): void
    {
        $this->assertSame(1, total([1]));
    }
}
"""
RUBY = """\
require "shop"

RSpec.describe "total" do
  context "of few" do
    it "is 0 for nothing" do
      expect(total([])).to eq(0)
    end

    it "is the item" do
      [1, 2].each do |a|
        expect(total([a])).to eq(a)
      end
    end
  end
end
"""
FILES = {
    "python": PYTHON, "javascript": JAVASCRIPT, "typescript": JAVASCRIPT, "go": GO, "java": JAVA,
    "kotlin": KOTLIN, "php": PHP, "ruby": RUBY,
}  # fmt: skip


@pytest.mark.parametrize("language", FILES)
def test_wherever_a_file_is_cut_off_whole_tests_are_kept(language: str) -> None:
    text = FILES[language].rstrip("\n")
    kept = []
    for at in range(0, len(text), 7):
        whole = whole_tests(text[:at], language)
        if not whole:
            continue
        assert not syntax.errors_in(whole, language)
        closers = " \n;)}]" if language != "ruby" else " \nend"
        assert text.startswith(whole.rstrip(closers))
        kept.append(len(whole))
    assert kept == sorted(kept)
    assert kept[-1] > len(text) / 3


def test_the_last_whole_test_and_what_closes_it() -> None:
    cut = JAVASCRIPT[: JAVASCRIPT.index("toBe(3)")]
    expected = JAVASCRIPT[: JAVASCRIPT.index('  it("adds"')].rstrip() + "\n});\n"
    assert whole_tests(cut, "javascript") == expected
    cut = PYTHON[: PYTHON.index("== 3")]
    assert whole_tests(cut, "python") == PYTHON[: PYTHON.index("class TestMany")].rstrip() + "\n"
    cut = RUBY[: RUBY.index("[1, 2]")]
    expected = RUBY[: RUBY.index('    it "is the item"')].rstrip() + "\n  end\nend\n"
    assert whole_tests(cut, "ruby") == expected


def test_a_file_without_a_whole_test() -> None:
    assert whole_tests("import pytest\n\n\ndef test_a():\n    assert f(", "python") == ""
    assert whole_tests("", "python") == ""
    assert whole_tests("x" * 10_000, "go") == ""


CUT_OFF = {
    "rust": """\
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
    }

    #[test]
    fn more() {
        assert_eq!(add(""",
    "csharp": """\
public class ATest
{
    [Fact]
    public void A()
    {
        Assert.Equal(1, F());
    }

    [Fact]
    public async Task B()
    {
        Assert.Eq""",
    "cpp": """\
#include <gtest/gtest.h>
TEST(A, B) {
  EXPECT_EQ(1, f());
}

TEST(A, C) {
  EXP""",
    "elixir": """\
defmodule ATest do
  use ExUnit.Case

  test "a" do
    assert 1 == 1
  end

  test "b" do
    assert 2 =""",
    "python": """\
import pytest

class TestA:
    @pytest.fixture
    def x(self):
        return 1

    def test_a(self, x):
        \"\"\"It (is.\"\"\"
        assert x == 1

    @pytest.mark.parametrize("a", [
        1,
        2,
    ])
    def test_b(self, a):
        assert a =""",
    "ruby": """\
RSpec.describe A do
  it "a" do
    expect(f).to eq(1)
  end

  context "x" do
    it "b" do
      expect(f).to""",
    "swift": """\
final class ATests: XCTestCase {
    func testA() {
        XCTAssertEqual(1, f())
    }

    func testB() {
        XCTA""",
}
"""Tests of which the second is cut off: in other words, behind attributes, in groups."""


@pytest.mark.parametrize("language", CUT_OFF)
def test_the_first_test_is_kept_in_many_languages(language: str) -> None:
    text = CUT_OFF[language]
    whole = whole_tests(text, language)
    second = {
        "rust": "    #[test]\n    fn more", "csharp": "    [Fact]\n    public async Task B",
        "cpp": "TEST(A, C)", "elixir": '  test "b"', "python": "    @pytest.mark.parametrize",
        "ruby": '  context "x"', "swift": "    func testB",
    }[language]  # fmt: skip
    kept = text[: text.index(second)].rstrip()
    assert whole.startswith(kept)
    assert whole[len(kept) :].split() in ([], ["}"], ["end"])
    assert not syntax.errors_in(whole, language)


def test_what_cannot_be_checked_nor_closed_is_not_kept() -> None:
    lua = (
        'describe("a", function()\n  it("x", function()\n    assert.equal(1, 1)\n  end)\n\n'
        '  it("y", function()\n    assert.eq'
    )
    assert whole_tests(lua, "lua") == ""


ONE = "from shop import total\n\n\ndef test_empty():\n    assert total([]) == 0\n"


@pytest.mark.parametrize(
    "broken",
    [
        "@pytest.mark.parametrize('items', [\n    [1],\n    [",
        "@pytest.fixture\ndef items():\n    return [",
        "def helper(items):\n    return [",
        "class Fake:\n    def f(self):\n        return [",
        "ITEMS = [\n    1,",
        "if __name__ == '__main__':\n    pytest.main([",
    ],
)
def test_what_breaks_off_below_the_last_test(broken: str) -> None:
    assert whole_tests(f"{ONE}\n\n{broken}", "python") == ONE
    two = f"{ONE}\n\ndef test_one():\n    assert total([1]) == 1\n"
    assert whole_tests(f"{two}\n\n{broken}", "python") == two


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("def test_a():\n    assert total(\n        [1]\n    ) == 1\n", "python"),
        ('def test_a():\n    text = """\nfirst\n', "python"),
        ("<?php\nclass A {\n    public function testA()\n    {\n        $this->a();", "php"),
        ("class A < Test\n  def test_a\n    go\n  rescue Wrong\n    retry", "ruby"),
        ('it("is 0", () => {\n  expect(total([])).toBe(\n', "javascript"),
    ],
)
def test_the_only_test_may_not_be_complete(text: str, language: str) -> None:
    assert not whole_tests(text, language)


def test_what_breaks_off_below_the_last_test_in_braces() -> None:
    whole = 'it("is 0", () => {\n  expect(total([])).toBe(0);\n});\n'
    assert whole_tests(f"{whole}\nconst items = [\n  1,", "javascript") == whole
    whole = "func TestA(t *testing.T) {\n\tA()\n}\n"
    assert whole_tests(f"{whole}\ntype fake struct {{\n\ta", "go") == whole
