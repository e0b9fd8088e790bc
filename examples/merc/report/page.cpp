#include "report/page.hpp"

#include <cstdio>

namespace merc {
namespace {

/// --c0 to --c3 tell lines apart, in either scheme and by eyes that see red and green alike.
constexpr auto frame = R"(<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --faint: #59636e; --line: #d8dee4; --panel: #f6f8fa;
  --near: #0b3c6f; --far: #f3f6f9; --light: 42%; --c0: #0969da; --c1: #bc4c00; --c2: #6e7781; --c3: #8250df; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --ink: #e6e9ec; --faint: #98a1aa; --line: #343a40; --panel: #1b1f24;
    --near: #9ccbff; --far: #1b2027; --light: 66%; --c0: #58a6ff; --c1: #f0883e; --c2: #8b949e; --c3: #bc8cff; }
}
body { margin: 2rem auto; max-width: 66rem; padding: 0 1rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; }
td, th { padding: .2rem .55rem; text-align: right; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; padding-left: 0; } th { color: var(--faint); font-weight: 600; }
.note { color: var(--faint); margin: .2rem 0; font-size: .9rem; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--faint); font: 11px system-ui, sans-serif; }
.map text { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; fill: var(--ink); }
@media (max-width: 30rem) { body { margin: 1rem auto; } td, th { padding: .2rem .4rem; } td:first-child { white-space: normal; }
  .stack, .stack tbody, .stack tr { display: block; } .stack tr:first-child { display: none; } .stack tr { padding: .4rem 0; border-bottom: 1px solid var(--line); }
  .stack td { display: flex; justify-content: space-between; gap: 1rem; padding: .05rem 0; border: 0; white-space: normal; overflow-wrap: anywhere; } .stack td:empty { display: none; }
  .stack td::before { content: attr(data-head); color: var(--faint); white-space: nowrap; } .stack td:first-child { display: block; text-align: left; font-weight: 600; }
  svg text { font-size: 12px; } svg.map text { font-size: 20px; } }
)";

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '<')
      safe += "&lt;";
    else if (letter == '>')
      safe += "&gt;";
    else if (letter == '&')
      safe += "&amp;";
    else if (letter == '"')
      safe += "&quot;";
    else
      safe += letter;
  }
  return safe;
}

std::string decimals(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

std::string table_html(const std::vector<std::vector<std::string>>& rows) {
  // What a phone is too narrow for becomes a block a row there, each cell behind the head of its column.
  constexpr std::size_t most = 5;
  const bool stack = rows.front().size() > most;
  std::string html = std::string("<div class=\"wide\"><table") + (stack ? " class=\"stack\"" : "") + ">\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    html += "<tr>";
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const auto cell = escaped(rows[r][c]);
      if (r == 0)
        html += "<th>" + cell + "</th>";
      else
        html += (stack && c > 0 ? "<td data-head=\"" + escaped(rows[0].at(c)) + "\">" : "<td>") + cell + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string note_html(const std::string& text) { return "<p class=\"note\">" + escaped(text) + "</p>\n"; }

std::string page_html(const std::string& title, const std::string& css, const std::string& body) {
  return "<!doctype html>\n<html lang=\"en\">\n<title>" + escaped(title) + "</title>\n" + frame + css + "</style>\n<h1>" + escaped(title) +
         "</h1>\n" + body + "</html>\n";
}

}  // namespace merc
