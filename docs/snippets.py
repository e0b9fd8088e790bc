#!/usr/bin/env python3
"""Gathers the ```cpp blocks of Markdown pages into one program that runs each of them: snippets.py OUT.cpp PAGE..."""
import pathlib
import re
import sys

out, pages = pathlib.Path(sys.argv[1]), sys.argv[2:]
headers, functions, calls = [], [], []
for page in pages:
    text = pathlib.Path(page).read_text()
    for match in re.finditer(r"^```cpp\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        line = text.count("\n", 0, match.start()) + 2
        lines = match.group(1).splitlines()
        if any("int main" in l for l in lines):
            continue  # a whole program: an example file of its own
        headers += [l for l in lines if l.startswith("#include")]
        body = "\n".join("" if l.startswith(("#include", "namespace F =")) else "  " + l for l in lines)
        functions.append(f'void block_{len(functions)}() {{\n#line {line} "{page}"\n{body}\n}}\n')
        calls.append(f"  block_{len(calls)}();")
program = ['#include "prelude.hpp"', *sorted(set(headers)), "", *functions, "int main() {", *calls, f'  std::puts("{len(calls)} snippets");', "}", ""]
out.write_text("#include <cstdio>\n" + "\n".join(program))
