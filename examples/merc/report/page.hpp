#pragma once

#include <string>
#include <vector>

/// What all pages of HTML share: one file each, no script, no network, light or dark as the reader's system is, for a phone as well.
namespace merc {

/// Text as it may stand in HTML, between tags or in an attribute.
std::string escaped(const std::string& text);

/// A number with `digits` digits after the point, as coordinates need it.
std::string decimals(double value, int digits = 1);

/// A table whose first row is the head. Wider than the screen, it scrolls by itself; on a phone one of more than five columns becomes a block a
/// row instead.
std::string table_html(const std::vector<std::vector<std::string>>& rows);

/// A line in a faint colour.
std::string note_html(const std::string& text);

/// The whole page: `title` is its heading too, `css` follows what all pages share.
std::string page_html(const std::string& title, const std::string& css, const std::string& body);

}  // namespace merc
