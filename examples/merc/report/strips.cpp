#include "report/strips.hpp"

#include "report/page.hpp"

#include <algorithm>
#include <span>

namespace merc {
namespace {

struct Dialog {
  std::span<const PredictionRow> rows;
  double accuracy = 0;  ///< over the labelled utterances
};

/// The dialogs of five utterances or more, the best recognised first: a shorter one has no course to speak of.
std::vector<Dialog> ranked(std::span<const PredictionRow> rows) {
  std::vector<Dialog> dialogs;
  for (std::size_t begin = 0; begin < rows.size();) {
    auto end = begin;
    double labelled = 0, right = 0;
    for (; end < rows.size() && rows[end].vid == rows[begin].vid; ++end) {
      labelled += rows[end].truth >= 0;
      right += rows[end].truth == rows[end].prediction;
    }
    if (labelled >= 5) dialogs.push_back({rows.subspan(begin, end - begin), right / labelled});
    begin = end;
  }
  std::sort(dialogs.begin(), dialogs.end(), [](const auto& a, const auto& b) {
    return a.accuracy != b.accuracy ? a.accuracy > b.accuracy : a.rows.data() < b.rows.data();
  });
  return dialogs;
}

std::string strip_svg(const Dialog& dialog, const std::vector<std::string>& names) {
  constexpr double lane = 15, left = 74, width = 440;
  const double cell = std::min(18.0, (width - left - 4) / static_cast<double>(dialog.rows.size()));
  const double height = lane * static_cast<double>(names.size()) + 4;
  auto svg = "<svg role=\"img\" aria-label=\"" + escaped(dialog.rows.front().vid) + "\" viewBox=\"0 0 440 " + decimals(height) + "\">\n";
  const auto top = [&](int label) { return 2 + lane * label; };
  for (std::size_t label = 0; label < names.size(); ++label) {
    const double middle = top(static_cast<int>(label)) + lane / 2;
    svg += "<line class=\"lane\" x1=\"74\" x2=\"" + decimals(left + cell * static_cast<double>(dialog.rows.size())) + "\" y1=\"" +
           decimals(middle) + "\" y2=\"" + decimals(middle) + "\"/><text text-anchor=\"end\" x=\"68\" y=\"" + decimals(middle + 4) + "\">" +
           escaped(names[label]) + "</text>\n";
  }
  for (std::size_t u = 0; u < dialog.rows.size();) {  // a run of one truth is one block
    auto end = u;
    while (end < dialog.rows.size() && dialog.rows[end].truth == dialog.rows[u].truth) ++end;
    if (dialog.rows[u].truth >= 0)
      svg += "<rect class=\"truth\" x=\"" + decimals(left + cell * static_cast<double>(u)) + "\" y=\"" +
             decimals(top(dialog.rows[u].truth) + 1.5) + "\" width=\"" + decimals(cell * static_cast<double>(end - u)) + "\" height=\"" +
             decimals(lane - 3) + "\" rx=\"2\"/>";
    u = end;
  }
  const double radius = std::min(3.6, std::max(1.6, cell * 0.42));
  for (std::size_t u = 0; u < dialog.rows.size(); ++u) {
    const auto& row = dialog.rows[u];
    const auto name = [&](int label) { return label < 0 ? std::string("no label") : names.at(label); };
    svg += "<circle class=\"" + std::string(row.truth == row.prediction ? "right" : "wrong") + "\" cx=\"" +
           decimals(left + cell * (static_cast<double>(u) + 0.5)) + "\" cy=\"" + decimals(top(row.prediction) + lane / 2) + "\" r=\"" +
           decimals(radius) + "\"><title>" + std::to_string(u) + ": " + escaped(name(row.truth)) + ", taken for " +
           escaped(name(row.prediction)) + "</title></circle>";
  }
  return svg + "\n</svg>\n";
}

}  // namespace

std::string strips_html(const std::vector<PredictionRow>& rows, const std::vector<std::string>& label_names, std::size_t count) {
  const auto dialogs = ranked(rows);
  const auto shown = std::min(count, dialogs.size());
  std::string html;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& dialog = dialogs[shown == 1 ? 0 : i * (dialogs.size() - 1) / (shown - 1)];
    html += "<figure><figcaption>" + escaped(dialog.rows.front().vid) + "<small> " + std::to_string(dialog.rows.size()) + " utterances, " +
            decimals(100 * dialog.accuracy, 0) + " % right</small></figcaption>\n" + strip_svg(dialog, label_names) + "</figure>\n";
  }
  return html.empty() ? html : "<div class=\"pair\">\n" + html + "</div>\n";
}

}  // namespace merc
