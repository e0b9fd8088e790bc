#!/usr/bin/env python3
"""Is the site whole? check_site.py SITE: no link leads nowhere, every loss has a page that says all there is to say, and the lists lead
to it. Prints every gap, and how much there is; with a gap the status is 1."""
import pathlib
import re
import sys
from urllib.parse import unquote

site = pathlib.Path(sys.argv[1]).resolve()
root = pathlib.Path(__file__).resolve().parent.parent
gaps = []


def attributes(text):
    """The targets of a page's links and images, and the names that links may lead to."""
    found = re.findall(r'\s(href|src|id|name)="([^"]*)"', text)
    return [value for key, value in found if key in ("href", "src")], {value for key, value in found if key in ("id", "name")}


def check_links():
    pages = {path: attributes(path.read_text()) for path in site.rglob("*.html")}
    number = 0
    for page, (targets, _) in pages.items():
        for target in targets:
            if re.match(r"[a-z+]+:|//", target):
                continue  # another site
            number += 1
            path, _, name = unquote(target).partition("#")
            there = (site / path.lstrip("/") if path.startswith("/") else page.parent / path).resolve() if path else page
            if there.is_dir():
                there = there / "index.html"
            if not there.exists() or (name and there in pages and name not in pages[there][1]):
                gaps.append(f"{page.relative_to(site)}: {target} leads nowhere")
    for target in re.findall(r"\]\(([^)#:]+)\)", (root / "README.md").read_text()):
        if not (root / target).exists():
            gaps.append(f"README.md: {target} leads nowhere")
    return len(pages), number


def check_losses():
    """The page of each header in losses/, by what no page may lack."""
    headers = sorted((root / "include/idcl/losses").glob("*.hpp"))
    guide, readme = (root / "docs/README.md").read_text(), (root / "README.md").read_text()
    for header in headers:
        name = header.stem
        page = root / f"docs/losses/{name}.md"
        if not page.exists() or not (site / f"losses/{name}.html").exists():
            gaps.append(f"{name}: no page")
            continue
        text = " ".join(page.read_text().split())
        struct = re.search(r"struct (\w+LossOptions)", header.read_text()).group(1)
        options = re.findall(r"TORCH_ARG\([^,]*(?:<[^>]*>)?, (\w+)\)", header.read_text())
        wanted = {f"the option {option}": re.search(rf"`{option}\b|, {option}`", text) for option in options if option not in
                  ("evaluator", "workspace_bytes")}
        wanted |= {"its header": f"<idcl/losses/{name}.hpp>" in text,
                   "a formula": re.search(r"^    \S", page.read_text(), re.M),
                   "when to use it": "**When to use it.**" in text,
                   "an example": "```cpp" in text,
                   "shapes": "[N, " in text or "[B, " in text,
                   "the result": re.search("Result:|[|] result [|]", text),
                   "time and memory": "Cost:" in text and "memory" in text,
                   "the second derivative": re.search(r"[Dd]ifferentiable (twice|any)|[Tt]wice differentiable|second derivative", text),
                   "a paper": re.search(r"Papers?:", text),
                   "a way from the guide's table": f"(losses/{name}.md)" in guide,
                   "a way from README.md": f"(docs/losses/{name}.md)" in readme,
                   "a page of the reference": (site / f"idcl/structidcl_1_1{struct}.html").exists()}
        gaps.extend(f"{name}: the page lacks {what}" for what, there in wanted.items() if not there)
    return len(headers)


pages, links = check_links()
losses = check_losses()
for gap in gaps:
    print(gap)
print(f"{pages} pages, {links} links, {losses} losses, {len(gaps)} gaps")
sys.exit(bool(gaps))
