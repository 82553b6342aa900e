"""Which imported names other language servers are asked for, and where they stand."""

from __future__ import annotations

import pytest

from herdmate.context.import_block import import_block


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("python", "from shop import shop\n", ["import ¦shop"]),
        ("python", "from shop import (  # ours\n    Basket,\n    price as cost,\n)\nBasket()\n",
         ["¦Basket,", "as ¦cost"]),
        ("python", "import os.path\nimport numpy as np\nfrom a import *\n", []),
        ("python", "if x:\n    from a import b\n    from c import b\n", ["import ¦b\n    from c"]),
        ("typescript", "import { shop, Till as Desk } from 'shop';\n", ["{ ¦shop", "as ¦Desk"]),
        ("typescript", "import type {\n  Price,\n} from './price';\n", ["¦Price"]),
        ("javascriptreact", "import React, { useState } from 'react';\n",
         ["import ¦React", "{ ¦useState"]),
        ("javascript", "const express = require('express');\n", ["const ¦express"]),
        ("java", "import com.shop.Shop;\nimport java.util.*;\n", [".¦Shop"]),
        ("rust", "use shop::{till::Till, price as cost};\n", ["till::¦Till", "as ¦cost"]),
        ("go", 'import "net/http"\n', []), ("c", '#include "shop.h"\n', []),
        ("python", "", []), ("nosuch", "import x\n", []), ("python", "from a import (\n", []),
    ],
)  # fmt: skip
def test_each_imported_name_is_found_once(language: str, text: str, names: list[str]) -> None:
    def offset(marked: str) -> int:
        return text.index(marked.replace("¦", "")) + marked.index("¦")

    block = import_block(text, language)
    assert [at for _, at in block.names] == [offset(name) for name in names]
    assert all(text.startswith(name, at) for name, at in block.names)


def test_what_is_typed_below_the_imports_is_none_of_them() -> None:
    imports = "import { shop } from 'shop';\nconst express = require('express');\n"
    before = import_block(imports, "typescript")
    after = import_block(imports + "\nexport const first = shop(\nuse(import.meta)\n", "typescript")
    assert after == before


def test_an_endless_list_of_imports_is_cut() -> None:
    text = "".join(f"from m{at} import n{at}\n" for at in range(3_000))
    assert len(import_block(text, "python").names) == 100
    many = f"from m import {', '.join(f'n{at}' for at in range(3_000))}\n"
    assert len(import_block(many, "python").names) == 200
