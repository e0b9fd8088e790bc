#include "fit.hpp"

#include "selection.hpp"

#include <algorithm>
#include <set>

namespace merc {
namespace {

constexpr int64_t kLongest = 512;  // the table of positions, of which the released code has 512 too

std::string names_of(const std::map<std::string, Modality>& modalities) {
  std::string names;
  for (const auto& [name, modality] : modalities) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

void check_dialog(const Dialog& dialog, const std::string& where, const Corpus& corpus, const std::vector<std::string>& modalities) {
  const auto utterances = dialog.utterances();
  if (utterances == 0) throw DataError(where + " has no utterances; remove it from the data");
  if (utterances > kLongest)
    throw DataError(where + " has " + std::to_string(utterances) + " utterances, the table of positions has " + std::to_string(kLongest) +
                    "; split the dialog");
  for (const auto& modality : modalities) {
    const auto found = dialog.features.find(modality);
    if (found == dialog.features.end()) throw DataError(where + " has no `" + modality + "`");
    const auto& [rows, cols, values] = found->second;
    const auto dim = corpus.modalities.at(modality).dim;
    if (rows != utterances)
      throw DataError(where + ": `" + modality + "` has " + std::to_string(rows) + " rows for " + std::to_string(utterances) +
                      " utterances");
    if (cols != dim || values.size() != static_cast<size_t>(rows * cols))
      throw DataError(where + ": `" + modality + "` has " + std::to_string(cols) + " columns, the corpus has " + std::to_string(dim));
  }
  for (size_t i = 0; i < dialog.labels.size(); ++i)
    if (dialog.labels[i] < -1 || dialog.labels[i] >= corpus.classes)
      throw DataError(where + ", utterance " + std::to_string(i) + ": label " + std::to_string(dialog.labels[i]) +
                      " is out of range; the corpus has " + std::to_string(corpus.classes) + " classes, 0 to " +
                      std::to_string(corpus.classes - 1) + ", and -1 for none");
}

}  // namespace

void check_fit(const Corpus& corpus, const std::string& split, const std::vector<std::string>& modalities) {
  for (const auto& modality : modalities)
    if (!corpus.modalities.count(modality))
      throw DataError(corpus.path + ": no modality `" + modality + "`; it has " +
                      (corpus.modalities.empty() ? "no features at all: extract them with examples/merc/extract_features.py"
                                                 : names_of(corpus.modalities) + " (choose by --modalities)"));
  for (const auto& dialog : corpus.split(split).dialogs)
    check_dialog(dialog, corpus.path + ": dialog " + dialog.id + " (" + split + ")", corpus, modalities);
}

void check_fit(const Corpus& corpus, const std::map<std::string, int64_t>& widths, int64_t classes) {
  for (const auto& [modality, width] : widths) {
    const auto found = corpus.modalities.find(modality);
    if (found == corpus.modalities.end())
      throw DataError(corpus.path + ": no modality `" + modality + "`, which the weights expect; it has " + names_of(corpus.modalities));
    if (found->second.dim != width)
      throw DataError(corpus.path + ": `" + modality + "` has " + std::to_string(found->second.dim) + " columns, the weights expect " +
                      std::to_string(width));
  }
  if (classes > 0 && corpus.classes > classes)
    throw DataError(corpus.path + ": " + std::to_string(corpus.classes) + " classes, the weights know " + std::to_string(classes) +
                    (corpus.classes == 6 && classes == 4 ? "; make four of six by --four-way drop or merge" : ""));
}

bool is_labelled(const Split& split) {
  return std::any_of(split.dialogs.begin(), split.dialogs.end(), [](const Dialog& dialog) {
    return std::any_of(dialog.labels.begin(), dialog.labels.end(), [](int label) { return label >= 0; });
  });
}

void check_labelled(const Corpus& corpus, const std::string& split, const std::string& purpose) {
  if (!is_labelled(corpus.split(split))) throw DataError(corpus.path + ": no utterance of " + split + " has a label" + purpose);
}

void check_fit(const Corpus& data, const std::optional<std::reference_wrapper<const Corpus>>& pretrain, const Config& config) {
  const auto& modalities = config.model.modalities;
  for (const auto* split : split_names)
    if (data.has(split)) check_fit(data, split, modalities);
  if (data.train().empty()) throw DataError(data.path + ": the train split is empty");
  check_labelled(data, "train", " to learn from");
  if (needs_dev(config.selection) && (!data.has("dev") || data.dev().empty()))
    throw DataError(data.path + ": no dev split to select an epoch on; give one, or take --select last");
  if (needs_dev(config.selection)) check_labelled(data, "dev", " to select an epoch on; take --select last");
  if (config.selection == Selection::TestWeightedF1 && (!data.has("test") || data.test().empty()))
    throw DataError(data.path + ": no test split to select an epoch on");
  if (config.selection == Selection::TestWeightedF1) check_labelled(data, "test", " to select an epoch on");
  if (config.ablation != Ablation::C) return;
  if (!pretrain) throw UsageError("config: ablation C pre-trains on another corpus, and none was given");
  for (const auto& split : pretraining_splits(config))
    if (pretrain->get().has(split)) check_fit(*pretrain, split, modalities);
  if (dialogs_of(*pretrain, pretraining_splits(config)).empty()) throw DataError(pretrain->get().path + ": no dialogs to pre-train on");
}

std::vector<std::string> pretraining_splits(const Config& config) {
  return config.pretrain_splits == PretrainSplits::All ? std::vector<std::string>{"train", "dev", "test"}
                                                       : std::vector<std::string>{"train", "dev"};
}

std::vector<std::string> speakers_of(const std::vector<const Dialog*>& dialogs, const std::string& path) {
  std::set<std::string> names;
  for (const auto* dialog : dialogs) names.insert(dialog->speakers.begin(), dialog->speakers.end());
  names.erase("");
  if (names.empty()) throw DataError(path + ": no utterance has a speaker; leave out --speaker-embedding");
  return {names.begin(), names.end()};
}

std::vector<const Dialog*> dialogs_of(const Corpus& corpus, const std::vector<std::string>& splits) {
  std::vector<const Dialog*> dialogs;
  for (const auto& name : splits)
    if (corpus.has(name))
      for (const auto& dialog : corpus.split(name).dialogs) dialogs.push_back(&dialog);
  return dialogs;
}

}  // namespace merc
