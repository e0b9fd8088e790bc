#include "report/run_page.hpp"

#include "report/chart.hpp"
#include "report/page.hpp"
#include "report/strips.hpp"
#include "report/table.hpp"

namespace merc {
namespace {

using Json = nlohmann::json;

/// A value of every epoch of a stage, by its place in the record; epochs without it are left out.
Series series(const RunFiles& run, const std::string& stage, const std::string& name, const char* pointer, double factor = 1) {
  Series line{.name = name, .points = {}};
  const Json::json_pointer place(pointer);
  for (const auto& record : run.epochs) {
    if (record.at("stage") != stage || !record.contains(place) || !record.at(place).is_number()) continue;
    line.points.emplace_back(record.at("epoch").get<double>(), factor * record.at(place).get<double>());
  }
  return line;
}

std::string curves(const RunFiles& run) {
  const double best = run.results.at("best_epoch");
  const auto selected = "selected: " + decimals(best, 0);
  const auto fine = [&](const char* name, const char* pointer, double factor = 1) {
    return series(run, "finetune", name, pointer, factor);
  };
  auto html = chart_svg({.title = "Weighted F1, percent",
                         .series = {fine("dev", "/dev/weighted_f1", 100), fine("test", "/test/weighted_f1", 100)},
                         .mark = best,
                         .mark_name = selected,
                         .digits = 1}) +
              chart_svg({.title = "Loss: cross-entropy of dev and test, and what was minimised",
                         .series = {fine("dev", "/dev/loss"), fine("test", "/test/loss"), fine("minimised", "/loss")},
                         .mark = best,
                         .mark_name = selected,
                         .digits = 3});
  if (run.results.at("config").value("ablation", "") != "A") {
    html += chart_svg({.title = "Gradient of the contrastive term at the encoder outputs, percent of cross-entropy's",
                       .series = {fine("ratio", "/idcl_gradient_ratio", 100)},
                       .mark = best,
                       .mark_name = selected,
                       .digits = 1});
    html += chart_svg({.title = "Contrastive term in pre-training",
                       .series = {series(run, "pretrain", "contrastive", "/idcl")},
                       .mark = {},
                       .mark_name = "",
                       .digits = 3});
  }
  return html.empty()
             ? html
             : "<div class=\"pair\">\n" + html + "</div>\n" +
                   note_html(
                       "The dashed line is the epoch that dev selected, with the values there. The best test score of any epoch was " +
                       percent(run.results.at("peak_test").at("weighted_f1")) + " at epoch " +
                       run.results.at("peak_test").at("epoch").dump() + ", which no honest selection can claim.");
}

std::string classes_html(const Json& scores) {
  std::vector<std::vector<std::string>> rows{{"class", "precision", "recall", "F1", "support"}};
  for (const auto& one : scores.at("per_class"))
    rows.push_back({one.at("label"), percent(one.at("precision"), 1), percent(one.at("recall"), 1), percent(one.at("f1"), 1),
                    one.at("support").dump()});
  return table_html(rows);
}

/// Rows are the truth; a cell is as strong as its share of the row.
std::string confusion_html(const Json& scores) {
  const auto& classes = scores.at("per_class");
  std::string html = "<div class=\"wide\"><table class=\"confusion\">\n<tr><th>truth</th>";
  for (const auto& one : classes) html += "<th><span>" + escaped(one.at("label")) + "</span></th>";
  html += "</tr>\n";
  for (std::size_t truth = 0; truth < classes.size(); ++truth) {
    const auto name = escaped(classes[truth].at("label"));
    const double support = classes[truth].at("support");
    html += "<tr><th>" + name + "</th>";
    for (std::size_t taken = 0; taken < classes.size(); ++taken) {
      const double count = scores.at("confusion")[truth][taken], share = support > 0 ? 100 * count / support : 0;
      html += "<td style=\"--p:" + decimals(share) + "%\"" + (share > 50 ? " class=\"strong\"" : "") + " title=\"" + name + ", taken for " +
              escaped(classes[taken].at("label")) + ": " + decimals(share) + " %\">" + decimals(count, 0) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string figures(const Json& scores) {
  std::string html = "<div class=\"figures\">";
  for (const auto& [key, name] :
       {std::pair{"weighted_f1", "weighted F1"}, {"accuracy", "accuracy"}, {"macro_f1", "macro F1"}, {"uar", "UAR"}})
    html += std::string("<div><b>") + percent(scores.at(key), 1) + "</b>" + name + "</div>";
  return html + "</div>\n";
}

}  // namespace

const char* const run_css =
    R"(.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: .5rem 1.5rem; align-items: start; }
figure { margin: .6rem 0; min-width: 0; } figcaption { font-weight: 600; font-size: .9rem; } figcaption small { font-weight: 400; color: var(--faint); }
.legend { display: flex; flex-wrap: wrap; gap: 0 1rem; font-size: .8rem; color: var(--faint); margin: .1rem 0 .3rem; } .legend b { color: var(--ink); }
svg.key { display: inline-block; width: 22px; height: 8px; margin-right: .35rem; }
.figures { display: flex; flex-wrap: wrap; gap: .3rem 2rem; margin: .6rem 0; color: var(--faint); font-size: .85rem; }
.figures b { display: block; font-size: 1.5rem; line-height: 1.2; color: var(--ink); font-variant-numeric: tabular-nums; }
.confusion td { text-align: center; padding: .3rem .5rem; min-width: 2.2rem; border: 1px solid var(--paper); background: color-mix(in oklab, var(--near) var(--p), var(--far)); }
.confusion td.strong { color: var(--paper); } .confusion th { border: 0; } .confusion tr:first-child th:not(:first-child) { vertical-align: bottom; text-align: center; padding: 0 0 .3rem; }
.confusion th span { writing-mode: vertical-rl; transform: rotate(180deg); }
.lane { stroke: var(--line); } .truth { fill: color-mix(in oklab, var(--c0) 32%, var(--paper)); } .right { fill: var(--c0); } .wrong { fill: var(--paper); stroke: var(--c1); stroke-width: 1.4; }
@media (max-width: 30rem) { .confusion td { padding: .25rem .1rem; min-width: 2rem; font-size: .85rem; } .confusion th:first-child { padding-right: .4rem; } }
details { border-top: 1px solid var(--line); padding: .4rem 0; } summary { cursor: pointer; overflow-wrap: anywhere; } summary small { color: var(--faint); }
)";

std::string runs_table_html(const std::vector<RunFiles>& runs) {
  std::vector<std::vector<std::string>> rows{{"run", "weighted F1", "accuracy", "macro F1", "UAR", "epoch", "peak on test"}};
  for (const auto& run : runs) {
    rows.push_back({run.name});
    if (!run.results.contains("test")) continue;
    const auto& test = run.results.at("test");
    for (const auto* key : {"weighted_f1", "accuracy", "macro_f1", "uar"}) rows.back().push_back(percent(test.at(key)));
    rows.back().push_back(run.results.at("best_epoch").dump());
    rows.back().push_back(percent(run.results.at("peak_test").at("weighted_f1")));
  }
  return table_html(rows);
}

std::string run_html(const RunFiles& run) {
  const auto& data = run.results.at("data");
  std::string html = note_html("setting " + run.results.at("config").value("ablation", std::string("?")) + ", seed " +
                               run.results.at("config").at("seed").dump() + "; " + (run.synthetic() ? "synthetic data " : "data ") +
                               data.at("path").get<std::string>());
  if (run.results.contains("test")) html += "<h3>Test split</h3>\n" + figures(run.results.at("test"));
  html += curves(run);
  if (!run.results.contains("test")) return html;
  html += "<div class=\"pair\"><div><h3>Classes, percent</h3>\n" + classes_html(run.results.at("test")) +
          "</div><div><h3>Truth against prediction, utterances</h3>\n" + confusion_html(run.results.at("test")) + "</div></div>\n";
  if (const auto strips = strips_html(run.predictions, run.label_names()); !strips.empty())
    html += "<h3>Dialogs over time</h3>\n" +
            note_html(
                "A block is the truth, a dot the prediction: full where they agree, a ring where they do not. Dialogs from the best to "
                "the worst recognised, evenly by rank.") +
            strips;
  return html;
}

}  // namespace merc
