#include "report/results.hpp"

#include "report/files.hpp"
#include "synth/recipe.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace merc {
namespace {

using Json = nlohmann::json;

/// Shortest text that reads back as the same number.
std::string text(float value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

std::string csv_field(const std::string& value) {
  if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char letter : value) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  return quoted + '"';
}

/// The fields of the next record of a CSV file (RFC 4180); none at its end.
std::vector<std::string> csv_record(std::istream& stream) {
  std::vector<std::string> fields;
  bool in_quotes = false;
  for (char letter; stream.get(letter);) {
    if (fields.empty()) fields.emplace_back();
    if (letter == '"' && in_quotes && stream.peek() == '"')
      fields.back() += static_cast<char>(stream.get());
    else if (letter == '"')
      in_quotes = !in_quotes;
    else if (letter == ',' && !in_quotes)
      fields.emplace_back();
    else if (letter == '\n' && !in_quotes)
      break;
    else
      fields.back() += letter;
  }
  return fields;
}

Json corpus_json(const Corpus& corpus) {
  Json splits = Json::object();
  for (const auto& [name, split] : corpus.splits) splits[name] = {{"dialogs", split.dialogs.size()}, {"utterances", split.utterances()}};
  Json modalities = Json::object();
  for (const auto& [name, modality] : corpus.modalities) modalities[name] = modality.dim;
  Json json{{"path", corpus.path},
          {"format", corpus.format},
          {"fingerprint", corpus.fingerprint},
          {"synthetic", synth::made_here(corpus)},
          {"classes", corpus.classes},
          {"labels", corpus.label_names},
          {"modalities", modalities},
          {"splits", splits},
          {"warnings", corpus.warnings}};
  if (!corpus.four_way.empty()) json["four_way"] = corpus.four_way;
  if (corpus.test_session != 0) json["test_session"] = corpus.test_session;
  return json;
}

}  // namespace

Scores score(const Predictions& predictions) { return score(predictions.truth, predictions.predicted, predictions.classes); }

Json scores_json(const Scores& scores, const std::vector<std::string>& label_names) {
  Json per_class = Json::array();
  for (std::size_t c = 0; c < scores.per_class.size(); ++c) {
    const auto& one = scores.per_class[c];
    per_class.push_back({{"label", c < label_names.size() ? label_names[c] : std::to_string(c)},
                         {"precision", one.precision},
                         {"recall", one.recall},
                         {"f1", one.f1},
                         {"support", one.support}});
  }
  return {{"accuracy", scores.accuracy}, {"weighted_f1", scores.weighted_f1}, {"macro_f1", scores.macro_f1}, {"uar", scores.uar},
          {"per_class", per_class},      {"confusion", scores.confusion}};
}

Json data_json(const Corpus& data, OptionalCorpus pretrain) {
  auto json = corpus_json(data);
  if (pretrain) json["pretrain"] = corpus_json(*pretrain);
  return json;
}

Arrangement arrangement_of(const Json& data) {
  return {.four_way = data.value("four_way", std::string()), .test_session = data.value("test_session", 0)};
}

Json results_json(const Outcome& outcome, const Corpus& data, OptionalCorpus pretrain, const Config& config) {
  Json json;
  for (const auto& [split, predictions] : outcome.predictions) json[split] = scores_json(score(predictions), data.label_names);
  json["best_epoch"] = outcome.best_epoch;
  json["peak_test"] = {{"weighted_f1", outcome.peak_test.weighted_f1}, {"epoch", outcome.peak_test.epoch}};
  json["seconds_per_epoch"] = outcome.seconds_per_epoch;
  json["peak_rss_mib"] = outcome.peak_rss_mib;
  json["config"] = config;
  json["data"] = data_json(data, pretrain);
  return json;
}

std::string predictions_csv(const Predictions& predictions, const Split& split) {
  std::string csv = "vid,utterance,speaker,truth,prediction";
  for (int c = 0; c < predictions.classes; ++c) csv += ",p_" + std::to_string(c);
  csv += '\n';
  std::size_t row = 0;
  for (const auto& dialog : split.dialogs)
    for (int64_t u = 0; u < dialog.utterances(); ++u, ++row) {
      csv += csv_field(dialog.id) + ',' + std::to_string(u) + ',' + csv_field(dialog.speakers.at(u)) + ',' +
             std::to_string(predictions.truth.at(row)) + ',' + std::to_string(predictions.predicted.at(row));
      for (int c = 0; c < predictions.classes; ++c) csv += ',' + text(predictions.probabilities.at(row * predictions.classes + c));
      csv += '\n';
    }
  return csv;
}

std::vector<PredictionRow> read_predictions(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw DataError(path.string() + ": cannot be read");
  std::vector<PredictionRow> rows;
  csv_record(stream);  // the head
  for (auto fields = csv_record(stream); !fields.empty(); fields = csv_record(stream)) try {
      rows.push_back({.vid = fields.at(0), .truth = std::stoi(fields.at(3)), .prediction = std::stoi(fields.at(4))});
    } catch (const std::exception&) {
      throw DataError(path.string() + ": row " + std::to_string(rows.size() + 1) + " is not vid,utterance,speaker,truth,prediction,...");
    }
  return rows;
}

std::string last_epochs_csv(const Outcome& outcome, const Split& split) {
  std::string csv = "vid,utterance,truth";
  for (std::size_t e = 0; e < outcome.last_predicted.size(); ++e)
    csv += ",epoch_" + std::to_string(outcome.history.back().epoch - static_cast<int64_t>(e));
  csv += '\n';
  std::size_t row = 0;
  for (const auto& dialog : split.dialogs)
    for (int64_t u = 0; u < dialog.utterances(); ++u, ++row) {
      csv += csv_field(dialog.id) + ',' + std::to_string(u) + ',' + std::to_string(dialog.labels.at(u));
      for (const auto& classes : outcome.last_predicted) csv += ',' + std::to_string(classes.at(row));
      csv += '\n';
    }
  return csv;
}

std::vector<std::vector<int>> read_last_epochs(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw DataError(path.string() + ": cannot be read");
  constexpr std::size_t before = 3;
  const auto head = csv_record(stream);
  std::vector<std::vector<int>> epochs(std::max(head.size(), before) - before);
  std::size_t row = 0;
  for (auto fields = csv_record(stream); !fields.empty(); fields = csv_record(stream), ++row) try {
      for (std::size_t e = 0; e < epochs.size(); ++e) epochs[e].push_back(std::stoi(fields.at(before + e)));
    } catch (const std::exception&) {
      throw DataError(path.string() + ": row " + std::to_string(row + 1) + " is not vid,utterance,truth,epoch_...");
    }
  return epochs;
}

std::string metrics_jsonl(const std::vector<EpochRecord>& history) {
  std::string lines;
  for (const auto& record : history) lines += Json(record).dump() + '\n';
  return lines;
}

void write_results(const std::filesystem::path& folder, const Outcome& outcome, const Corpus& data, OptionalCorpus pretrain,
                   const Config& config) {
  if (const auto test = outcome.predictions.find("test"); test != outcome.predictions.end()) {
    replace_file(folder / "predictions.csv", predictions_csv(test->second, data.test()));
    replace_file(folder / "last_epochs.csv", last_epochs_csv(outcome, data.test()));
  }
  replace_file(folder / "results.json", results_json(outcome, data, pretrain, config).dump(2) + '\n');
}

}  // namespace merc
