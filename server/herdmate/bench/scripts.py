"""What is typed in eleven languages, and where the typist looks up."""

from __future__ import annotations

from dataclasses import dataclass

LOOK = "¦"


@dataclass(frozen=True, slots=True)
class Script:
    """``typed`` goes between ``before`` and ``after``, with ``LOOK`` where the typist looks up."""

    language: str
    ending: str
    before: str
    typed: str
    after: str = "\n"


SCRIPTS = (
    Script(
        "python", "py",
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Item:\n    name: str\n"
        "    price: float\n    count: int\n\n\n",
        "def total(items: list[Item]) -> float:\n    ¦result = 0.0\n    ¦for item in items:\n"
        "        ¦",
    ),
    Script(
        "javascript", "js",
        "function clamp(value, low, high) {\n  return Math.min(Math.max(value, low), high);\n}\n\n",
        "function debounce(call, wait) {\n  ¦let timeout;\n  ¦return (...args) => {\n    ¦",
        "\n  };\n}\n",
    ),
    Script(
        "typescript", "ts",
        "interface User {\n  id: number;\n  name: string;\n  email?: string;\n}\n\n",
        "export function byId(users: User[]): Map<number, User> {\n  ¦const found = ¦",
        "\n}\n",
    ),
    Script(
        "java", "java",
        "import java.util.List;\n\npublic class Stock {\n    private final List<Item> items;\n\n"
        "    public Stock(List<Item> items) {\n        this.items = items;\n    }\n\n",
        "    public int size() {\n        ¦return items.size();\n    }\n\n"
        "    public double total() {\n        ¦",
        "\n    }\n}\n",
    ),
    Script(
        "go", "go",
        "package shop\n\ntype Item struct {\n\tName  string\n\tPrice float64\n\tCount int\n}\n\n",
        "func Total(items []Item) float64 {\n\t¦sum := 0.0\n\t¦",
        "\n}\n",
    ),
    Script(
        "rust", "rs",
        "pub struct Item {\n    pub name: String,\n    pub price: f64,\n    pub count: u32,\n}\n\n",
        "pub fn total(items: &[Item]) -> f64 {\n    ¦let mut sum = 0.0;\n    ¦",
        "\n}\n",
    ),
    Script(
        "c", "c",
        "#include <stddef.h>\n#include <string.h>\n\n",
        "int count(const char *text, char wanted)\n{\n    ¦int found = 0;\n    ¦for (¦",
        "\n}\n",
    ),
    Script(
        "csharp", "cs",
        "using System.Collections.Generic;\nusing System.Linq;\n\npublic class Stock\n{\n"
        "    private readonly List<Item> items = new();\n\n",
        "    public decimal Total()\n    {\n        ¦return items¦",
        ";\n    }\n}\n",
    ),
    Script(
        "php", "php",
        "<?php\n\nclass Cart\n{\n    private array $items = [];\n\n",
        "    public function total(): float\n    {\n        ¦$sum = 0;\n        ¦",
        "\n    }\n}\n",
    ),
    Script(
        "ruby", "rb",
        "class Cart\n  def initialize(items)\n    @items = items\n  end\n\n",
        "  def total\n    ¦@items.sum¦",
        "\n  end\nend\n",
    ),
    Script(
        "kotlin", "kt",
        "data class Item(val name: String, val price: Double, val count: Int)\n\n",
        "fun total(items: List<Item>): Double {\n    ¦var sum = 0.0\n    ¦",
        "\n}\n",
    ),
)  # fmt: skip
"""Eleven short files, each with something left unfinished."""
