// What is typed in eleven languages, and where the typist looks up (¦). VS Code indents and closes
// brackets by itself; ↓ goes below the bracket that it closed on the next line.

export const LOOK = '¦';
export const BELOW = '↓';

export const SCRIPTS = [
  {
    file: 'total.py',
    before: `from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    count: int


`,
    typed: 'def total(items: list[Item]) -> float:\n¦result = 0.0\n¦for item in items:\n¦',
  },
  {
    file: 'debounce.js',
    before: `function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

`,
    typed: 'function debounce(call, wait) {\n¦let timeout;\n¦return (...args) => {\n¦',
  },
  {
    file: 'users.ts',
    before: `interface User {
  id: number;
  name: string;
  email?: string;
}

`,
    typed: 'export function byId(users: User[]): Map<number, User> {\n¦const found = ¦',
  },
  {
    file: 'Stock.java',
    before: `import java.util.List;

public class Stock {
    private final List<Item> items;

    public Stock(List<Item> items) {
        this.items = items;
    }

    `,
    typed: 'public int size() {\n¦return items.size();↓\n\npublic double total() {\n¦',
    after: '\n}\n',
  },
  {
    file: 'shop.go',
    before: `package shop

type Item struct {
	Name  string
	Price float64
	Count int
}

`,
    typed: 'func Total(items []Item) float64 {\n¦sum := 0.0\n¦',
  },
  {
    file: 'shop.rs',
    before: `pub struct Item {
    pub name: String,
    pub price: f64,
    pub count: u32,
}

`,
    typed: 'pub fn total(items: &[Item]) -> f64 {\n¦let mut sum = 0.0;\n¦',
  },
  {
    file: 'count.c',
    before: '#include <stddef.h>\n#include <string.h>\n\n',
    typed: 'int count(const char *text, char wanted)\n{\n¦int found = 0;\n¦for (¦',
  },
  {
    file: 'Stock.cs',
    before: `using System.Collections.Generic;
using System.Linq;

public class Stock
{
    private readonly List<Item> items = new();

    `,
    typed: 'public decimal Total()\n{\n¦return items¦',
    after: '\n}\n',
  },
  {
    file: 'Cart.php',
    before: `<?php

class Cart
{
    private array $items = [];

    `,
    typed: 'public function total(): float\n{\n¦$sum = 0;\n¦',
    after: '\n}\n',
  },
  {
    file: 'cart.rb',
    before: `class Cart
  def initialize(items)
    @items = items
  end

  `,
    typed: 'def total\n¦@items.sum¦',
    after: '\n  end\nend\n',
  },
  {
    file: 'Shop.swift',
    before: `struct Item {
    let name: String
    let price: Double
    let count: Int
}

`,
    typed: 'func total(_ items: [Item]) -> Double {\n¦var sum = 0.0\n¦',
  },
];
