#include "report/embedding_page.hpp"

#include "report/page.hpp"
#include "report/table.hpp"

#include <algorithm>
#include <numeric>

namespace merc {
namespace {

std::string maps_html(const EmbeddingSection& section) {
  auto html = "<h3>Map of the dialogs, by " + escaped(section.group) + "</h3>\n" +
              note_html(
                  "A mark is the mean of a dialog's utterances as the encoders of the selected epoch give them, seen along the two "
                  "directions of largest variance; hollow outside of the training split.") +
              group_key_html(section.names) + "<div class=\"pair\">\n";
  for (const auto& map : section.maps)
    html += "<figure><figcaption>" + escaped(map.name) + "</figcaption>\n" + dialog_map_svg(map) + "</figure>\n";
  return html + "</div>\n";
}

std::vector<std::vector<std::string>> shares(const EmbeddingSection& section) {
  std::vector<std::vector<std::string>> rows{{"neighbours by", "same", "chance", "at most", "nearest"}};
  for (const auto* all : {&section.encoded, &section.compared})
    for (const auto& one : *all)
      rows.push_back({one.name, percent(one.share, 1), percent(one.chance, 1), percent(one.most, 1), percent(one.nearest, 1)});
  return rows;
}

/// Dialogs in the order of how many neighbours of theirs, over all modalities, are of their group; of equals the first in the corpus.
std::vector<std::size_t> by_hits(const EmbeddingSection& section) {
  std::vector<int> hits(section.ids.size());
  for (const auto& one : section.encoded)
    for (std::size_t i = 0; i < hits.size(); ++i)
      for (const int j : one.neighbors[i]) hits[i] += section.groups[j] == section.groups[i];
  std::vector<std::size_t> order(section.ids.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return hits[a] > hits[b]; });
  return order;
}

std::string dialog_html(const EmbeddingSection& section, std::size_t dialog) {
  const int own = section.groups[dialog];
  auto html = "<figure><figcaption>" + escaped(section.ids[dialog]) + "<small> " + escaped(section.names[own]) + "</small></figcaption>\n";
  for (const auto& one : section.encoded) {
    const auto& found = one.neighbors[dialog];
    const auto same = std::count_if(found.begin(), found.end(), [&](int j) { return section.groups[j] == own; });
    html += "<div class=\"found\"><b>" + escaped(one.name) + "</b> " + std::to_string(same) + " of " + std::to_string(found.size()) + ": ";
    for (const int j : found)
      html += "<span class=\"g" + std::to_string(section.groups[j]) + (section.groups[j] == own ? " same" : "") + "\" title=\"" +
              escaped(section.names[section.groups[j]]) + "\">" + escaped(section.ids[j]) + "</span> ";
    html += "</div>\n";
  }
  return html + "</figure>\n";
}

}  // namespace

std::string embedding_css(std::size_t groups) {
  return group_css(groups) +
         R"(.found { font-size: .8rem; color: var(--faint); margin: .2rem 0 .5rem; } .found b { color: var(--ink); }
.found span { display: inline-block; padding: 0 .35rem; margin: .1rem 0; border-left: 4px solid var(--g); background: var(--panel); overflow-wrap: anywhere; }
.found span.same { background: color-mix(in oklab, var(--g) 30%, var(--paper)); color: var(--ink); font-weight: 600; }
)";
}

std::string embedding_html(const EmbeddingSection& section, std::size_t count) {
  auto html = maps_html(section);
  if (section.neighbors == 0) return html;
  const auto k = std::to_string(section.neighbors);
  html += "<h3>Positives found: do the " + k + " nearest dialogs share the " + escaped(section.group) + "? Percent</h3>\n" +
          note_html("Among the " + std::to_string(section.ids.size()) +
                    " training dialogs, by cosine of their embeddings: whom the contrastive term takes for positives where they are mined "
                    "by feature, in the other modality. Same: share of the " +
                    k + " that have it. Chance: the same of " + k + " drawn from the others. At most: a " + section.group +
                    " may have fewer than " + k + " others. Nearest: share of dialogs whose nearest one has it.") +
          table_html(shares(section));
  const auto order = by_hits(section);
  const auto shown = std::min(count, order.size());
  if (shown == 0) return html;
  html += "<h3>Positives found for some dialogs</h3>\n" +
          note_html("Nearest first, strong where the " + section.group +
                    " is the same. Dialogs from the one with most such neighbours to the one with fewest, evenly by rank.") +
          "<div class=\"pair\">\n";
  for (std::size_t i = 0; i < shown; ++i) html += dialog_html(section, order[shown == 1 ? 0 : i * (order.size() - 1) / (shown - 1)]);
  return html + "</div>\n";
}

}  // namespace merc
