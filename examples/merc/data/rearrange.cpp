#include "data/rearrange.hpp"

#include "data/figures.hpp"
#include "data/fingerprint.hpp"
#include "data/labels.hpp"
#include "data/session.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace merc {

namespace {

/// Applies a change: what the audit said before it is said anew.
template <class Change>
void changed(Corpus& corpus, const Change& change) {
  const auto before = audit(corpus);
  change();
  std::erase_if(corpus.warnings, [&](const auto& line) { return std::find(before.begin(), before.end(), line) != before.end(); });
  const auto after = audit(corpus);
  corpus.warnings.insert(corpus.warnings.end(), after.begin(), after.end());
  for (auto& [name, split] : corpus.splits) split.figures = figures_of(split);
  corpus.fingerprint = fingerprint(corpus);
}

/// The utterances at `kept`, ascending.
Dialog select(const Dialog& dialog, const std::vector<std::size_t>& kept) {
  const auto pick = [&](const auto& values) {
    auto picked = values;
    picked.clear();
    for (const auto at : kept) picked.push_back(values[at]);
    return picked;
  };
  Dialog result;
  result.id = dialog.id;
  result.numbered = dialog.numbered;
  result.labels = pick(dialog.labels);
  if (!dialog.speakers.empty()) result.speakers = pick(dialog.speakers);
  if (!dialog.sentences.empty()) result.sentences = pick(dialog.sentences);
  if (!dialog.times.empty()) result.times = pick(dialog.times);
  if (!dialog.vad.empty()) result.vad = pick(dialog.vad);
  for (const auto& [modality, matrix] : dialog.features) {
    auto& rows = result.features[modality];
    rows = {.rows = static_cast<int64_t>(kept.size()), .cols = matrix.cols, .values = {}};
    rows.values.reserve(kept.size() * static_cast<std::size_t>(matrix.cols));
    for (const auto at : kept) {
      const auto* row = matrix.row(static_cast<int64_t>(at));
      rows.values.insert(rows.values.end(), row, row + matrix.cols);
    }
  }
  return result;
}

std::string counts_of(const Split& split, const std::vector<std::string>& names) {
  auto counts = count_labels(split);
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : ", ") + names[i] + " " + std::to_string(counts[static_cast<int>(i)]);
  return text;
}

/// The first dialog of each session, "Ses05F_impro01 (test)"; under 0 that of those which do not say theirs.
std::map<int, std::string> first_of_sessions(const Corpus& corpus) {
  std::map<int, std::string> first;
  for (const auto& [name, split] : corpus.splits)
    for (const auto& dialog : split.dialogs) first.try_emplace(session(dialog.id), dialog.id + " (" + name + ")");
  return first;
}

bool has_six_classes(const Corpus& corpus) { return corpus.classes == 6 && corpus.label_names == label_names(6); }

}  // namespace

void make_four_way(Corpus& corpus, FourWay how) {
  constexpr int gone = -2;
  const std::array<int, 6> becomes{0, 1, 2, 3, how == FourWay::Merge ? 0 : gone, gone};
  if (!has_six_classes(corpus))
    throw DataError(corpus.path + ": expected IEMOCAP's six classes to make four of, got " + std::to_string(corpus.classes) +
                    (corpus.label_names.empty() ? "" : " (" + corpus.label_names.front() + ", ...)"));
  changed(corpus, [&] {
    corpus.classes = 4;
    corpus.label_names = label_names(4);
    corpus.four_way = how == FourWay::Merge ? "merge" : "drop";
    for (auto& [name, split] : corpus.splits) {
      const auto dialogs = split.dialogs.size();
      const auto utterances = split.utterances();
      std::vector<Dialog> left;
      for (const auto& dialog : split.dialogs) {
        std::vector<std::size_t> kept;
        for (std::size_t i = 0; i < dialog.labels.size(); ++i)
          if (dialog.labels[i] < 0 || becomes[static_cast<std::size_t>(dialog.labels[i])] != gone) kept.push_back(i);
        if (kept.empty()) continue;
        left.push_back(select(dialog, kept));
        for (auto& label : left.back().labels)
          if (label >= 0) label = becomes[static_cast<std::size_t>(label)];
      }
      split.dialogs = std::move(left);
      corpus.notes.push_back(
          "4-way, " +
          std::string(how == FourWay::Merge ? "excited merged into happy, frustrated dropped" : "excited and frustrated dropped") + ": " +
          name + " " + std::to_string(utterances) + " -> " + std::to_string(split.utterances()) + " utterances, " +
          std::to_string(dialogs) + " -> " + std::to_string(split.dialogs.size()) + " dialogs (" + counts_of(split, corpus.label_names) +
          ")");
    }
  });
}

std::set<int> sessions(const Corpus& corpus) {
  std::set<int> numbers;
  for (const auto& [number, dialog] : first_of_sessions(corpus)) {
    if (number == 0) throw DataError(corpus.path + ": dialog " + dialog + " does not say its session; expected ids such as Ses05F_impro01");
    numbers.insert(number);
  }
  return numbers;
}

void hold_out_session(Corpus& corpus, int number) {
  if (sessions(corpus).count(number) == 0)
    throw DataError(corpus.path + ": no dialog of Session " + std::to_string(number) + " to hold out");
  changed(corpus, [&] {
    std::vector<Dialog> all;
    for (auto& [name, split] : corpus.splits) std::move(split.dialogs.begin(), split.dialogs.end(), std::back_inserter(all));
    std::stable_sort(all.begin(), all.end(), [](const Dialog& a, const Dialog& b) { return a.id < b.id; });
    all.erase(std::unique(all.begin(), all.end(), [](const Dialog& a, const Dialog& b) { return a.id == b.id; }), all.end());
    std::vector<Dialog> train, dev, test;
    int others = 0;
    for (auto& dialog : all) {
      auto& split = session(dialog.id) == number ? test : ++others % 10 == 0 ? dev : train;
      split.push_back(std::move(dialog));
    }
    corpus.test_session = number;
    corpus.notes.push_back("split by session: test is Session " + std::to_string(number) + " (" + std::to_string(test.size()) +
                           " dialogs), dev every tenth of the others (" + std::to_string(dev.size()) + "), train " +
                           std::to_string(train.size()));
    corpus.splits.clear();
    corpus.splits["train"].dialogs = std::move(train);
    if (!dev.empty()) corpus.splits["dev"].dialogs = std::move(dev);
    corpus.splits["test"].dialogs = std::move(test);
  });
}

void arrange(Corpus& corpus, const Arrangement& arrangement) {
  if (!arrangement.four_way.empty()) make_four_way(corpus, four_way_names.at(arrangement.four_way));
  if (arrangement.test_session != 0) hold_out_session(corpus, arrangement.test_session);
}

Arrangement applicable(const Arrangement& arrangement, const Corpus& corpus) {
  auto possible = arrangement;
  if (!has_six_classes(corpus)) possible.four_way.clear();
  const auto found = first_of_sessions(corpus);
  if (found.count(0) != 0 || found.count(arrangement.test_session) == 0) possible.test_session = 0;
  return possible;
}

Corpus load_arranged(const std::filesystem::path& path, const Arrangement& arrangement) {
  auto corpus = read(path);
  arrange(corpus, arrangement);
  hold_out_dev(corpus);
  return corpus;
}

}  // namespace merc
